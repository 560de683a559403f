using System.Collections.Frozen;

namespace Workflows.Engine.Nodes;

/// <summary>All node types of this release.</summary>
public static class NodeCatalogue
{
    /// <summary>In the order of the documentation.</summary>
    public static IReadOnlyList<NodeType> All { get; } =
    [
        new StartNode(),
        new NoopNode(),
        new IfNode(),
        new SwitchNode(),
        new JoinNode(),
        new ForEachNode(),
        new RepeatNode(),
        new FailNode(),
        new TerminateNode(),
        new SetNode(),
        new DelayNode(),
        new WaitForEventNode(),
        new HttpNode(),
        new EmitEventNode(),
    ];

    private static readonly FrozenDictionary<string, NodeType> ByName = All.ToFrozenDictionary(
        type => type.Name, StringComparer.Ordinal);

    public static IReadOnlyList<string> Names { get; } = All.Select(type => type.Name).ToArray();

    /// <summary>Null when there is no such type.</summary>
    public static NodeType? Find(string name) => ByName.GetValueOrDefault(name);
}
