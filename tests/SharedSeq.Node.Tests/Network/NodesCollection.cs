namespace SharedSeq.Node.Tests.Network;

/// <summary>Classes that run real nodes take turns: each needs the machine to itself to be quick.</summary>
[CollectionDefinition("nodes")]
public sealed class NodesCollection;
