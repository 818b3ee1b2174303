using System.Collections.Generic;
using SharedSeq.Primitives;

namespace SharedSeq.Consensus;

/// <summary>R11: upon receiving a request for certificates or blocks, answer from what is held. Rate limited per peer, answers bounded in size.</summary>
internal static class RequestInput
{
    public static void Handle(ReplicaState state, ReplicaInput.CertificateRequestReceived input)
    {
        if (input.Request.Epoch != state.Committee.Epoch || !state.Peers.TryTakeRequest(input.From, state.NowMs)) return;
        if (Certificates(state, input.Request) is { } response) state.Send(ReplicaSet.Of(input.From), response);
    }

    public static void Handle(ReplicaState state, ReplicaInput.BlockRequestReceived input)
    {
        BlockRequest request = input.Request;
        if (request.Epoch != state.Committee.Epoch || !state.Peers.TryTakeRequest(input.From, state.NowMs)) return;
        if (Blocks(state, request) is { } response)
        {
            state.Send(ReplicaSet.Of(input.From), response);
            ShowLeaderSignature(state, input.From, response.Blocks[0]);
            return;
        }

        if (request.Block.Height <= state.Chain.Archived) state.Effects.Add(new ReplicaEffect.ServeBlocks(input.From, request));
        // Who misses a tail that is not held here gets the proof that ended the epoch here: it may be the boundary's.
        else if (state.IsEpochOver) StaleInput.Handle(state, input.From);
    }

    /// <summary>The same for a session without a seat, whose limit <see cref="Epochs"/> keeps.</summary>
    public static void Handle(ReplicaState state, ReplicaInput.ObserverRequest input)
    {
        PeerMessage? response = input.Request switch
        {
            CertificateRequest certificates => Certificates(state, certificates),
            BlockRequest blocks when blocks.Epoch == state.Committee.Epoch => Blocks(state, blocks),
            _ => null,
        };
        if (response is not null) state.Effects.Add(new ReplicaEffect.Answer(input.Peer, response));
        else if (input.Request is BlockRequest request && request.Block.Height <= state.Chain.Archived)
            state.Effects.Add(new ReplicaEffect.AnswerBlocks(input.Peer, request));
    }

    private static CertificateResponse? Certificates(ReplicaState state, CertificateRequest request)
    {
        if (request.Epoch != state.Committee.Epoch) return null;
        CommitProof? proof = request.First <= state.LastFinalSlot ? state.LastFinalProof : null;
        var certificates = new List<Notarization>();
        if (request.First <= state.LastFinalSlot && request.Last >= state.LastFinalSlot && state.LastFinalNotarization is { } last)
            certificates.Add(last);
        for (int i = state.Slots.LowerBound(request.First); i < state.Slots.Count && state.Slots[i].Slot <= request.Last; i++)
        {
            foreach (HeldCertificate held in state.Slots[i].Certificates)
            {
                if (certificates.Count < CertificateResponse.MaxCertificates) certificates.Add(held.Certificate);
            }
        }

        return proof is null && certificates.Count == 0 ? null : new CertificateResponse(certificates, proof);
    }

    /// <summary>The block asked for and those below it, as far as they are in memory; null when it is not.</summary>
    private static BlockResponse? Blocks(ReplicaState state, BlockRequest request)
    {
        HeldBlock? held = Find(state, request.Block);
        if (held is null) return null;
        var blocks = new List<Block>();
        int bytes = 0;
        while (held is not null && blocks.Count <= request.Ancestors && bytes <= ConsensusLimits.BlockResponseBytes)
        {
            Header header = held.Block.Header;
            blocks.Add(held.Block);
            bytes += 200 + (header.Tips.Count * LaneTip.Size) + (held.Block.Payload.Evidence.Count * SignedStatement.MaxContentBytes);
            held = state.FindBlock(header.ParentSlot, header.ParentId);
        }

        return new BlockResponse(blocks);
    }

    /// <summary>Who asks for the block of an open slot may hold another one of its leader: the two signatures side by side are evidence E1.</summary>
    private static void ShowLeaderSignature(ReplicaState state, ReplicaId to, Block block)
    {
        if (state.Slots.Find(block.Header.Slot)?.Candidate is not { IsOwn: false } candidate || candidate.Block.Id != block.Id) return;
        state.Send(ReplicaSet.Of(to), new Proposal(block, candidate.Signature, [], Justification.None));
    }

    private static HeldBlock? Find(ReplicaState state, BlockId id)
    {
        if (state.Chain.Find(id) is { } committed) return committed;
        for (int i = 0; i < state.Slots.Count; i++)
        {
            if (state.Slots[i].FindBlock(id) is { } held) return held;
        }

        return null;
    }
}
