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
        new MergeNode(),
        new ForEachNode(),
        new RepeatNode(),
        new FailNode(),
        new SubworkflowNode(),
        new TerminateNode(),
        new SetNode(),
        new ValidateNode(),
        new AggregateNode(),
        new SplitNode(),
        new LogNode(),
        new DelayNode(),
        new WaitUntilNode(),
        new WaitForEventNode(),
        new ApprovalNode(),
        new WaitForWebhookNode(),
        new HttpNode(),
        new EmitEventNode(),
        new NotifyNode(),
        new SqlNode(),
        new EmailNode(),
        new StoreNode(),
        new FileNode(),
        new ScriptNode(),
        new SessionReplyNode(),
        new SessionReadNode(),
        new SessionWriteNode(),
        new SessionEndNode(),
        new SearchNode(),
        new PromptNode(),
        new ClassifyNode(),
        new ExtractNode(),
        new EmbedNode(),
    ];

    private static readonly FrozenDictionary<string, NodeType> ByName = All.ToFrozenDictionary(
        type => type.Name, StringComparer.Ordinal);

    public static IReadOnlyList<string> Names { get; } = All.Select(type => type.Name).ToArray();

    /// <summary>Null when there is no such type. Every type that begins with <see cref="CustomNodes.Prefix"/> is one.</summary>
    public static NodeType? Find(string name) =>
        ByName.GetValueOrDefault(name) ?? (CustomNodes.NameOf(name) is { } custom ? CustomNode.Named(custom) : null);
}
