namespace SharedSeq.Simulator;

/// <summary>What exploring one slot came to.</summary>
/// <param name="States">Reachable states, honest members being interchangeable.</param>
/// <param name="AgreementViolations">States in which a block can be committed while another value can be notarized (S1, S2).</param>
/// <param name="DeadStates">
/// States in which everybody has voted, the liars fall silent, nobody cast a Final (whoever did holds the certificate), and the honest votes never
/// come to a certificate: the slot stays open for ever (L1).
/// </param>
/// <param name="DeadStatesWithoutCertificates">The same if certificates under a Final were lost in a crash, Finals or not (C2).</param>
/// <param name="FirstViolation">The first state that violates agreement, as text; null when there is none.</param>
/// <param name="FirstDeadState">The first dead state, as text; null when there is none.</param>
public sealed record SlotModelResult(
    int States, int AgreementViolations, int DeadStates, int DeadStatesWithoutCertificates, string? FirstViolation, string? FirstDeadState);
