using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using Workflows.Engine.Definitions;
using Workflows.Engine.Nodes;
using Workflows.Jsonata;

namespace Workflows.Engine.Events;

/// <summary>One kind of event that a rule is about.</summary>
/// <param name="As">The name under which actions see the event of this slot; <c>event</c> in a rule on single events.</param>
/// <param name="Condition">An expression on <c>event</c>; null = every event of the type.</param>
public sealed record RuleSlot(string As, EventTypePattern Type, JsonataExpression? Condition);

/// <summary>In which order the events of a join must come.</summary>
public enum JoinOrder
{
    Any,

    /// <summary>As the slots are listed, by the time of acceptance.</summary>
    Sequence,
}

/// <summary>How events belong together.</summary>
/// <param name="WithinSeconds">From the acceptance of the first to that of the last.</param>
/// <param name="CorrelateBy">An expression on <c>event</c>; events with an equal value are joined, those without one are not.</param>
public sealed record RuleJoin(double WithinSeconds, JsonataExpression CorrelateBy, JoinOrder Order);

/// <summary>What a rule does when it matches. Templates see <c>event</c>, <c>rule</c> and, when it joins, <c>events</c> by slot.</summary>
public abstract record RuleAction
{
    private RuleAction()
    {
    }

    /// <summary>Starts the published version of a workflow.</summary>
    /// <param name="Input">Null = the event's data; of a join the events by slot.</param>
    /// <param name="CorrelationId">Null = the event's own correlation key.</param>
    /// <param name="Priority">Null = that of the definition.</param>
    public sealed record StartWorkflow(Guid WorkflowId, JsonTemplate? Input, JsonTemplate? CorrelationId, ExecutionPriority? Priority) : RuleAction;

    /// <summary>Publishes another event.</summary>
    /// <param name="Data">Null = the data of the event that matched.</param>
    public sealed record EmitEvent(string EventType, JsonTemplate? Subject, JsonTemplate? Data) : RuleAction;

    /// <summary>Tells users; parameters as those of the node <c>notify</c>.</summary>
    public sealed record Notify(
        JsonTemplate? Users, JsonTemplate? Groups, JsonTemplate? Roles, JsonTemplate? Title, JsonTemplate? Body, JsonTemplate? Link, NotificationLevel Level)
        : RuleAction;
}

/// <summary>A tenant-level condition on events with actions, ready to be evaluated. Immutable.</summary>
public sealed class Rule
{
    internal Rule(IReadOnlyList<RuleSlot> slots, RuleJoin? join, IReadOnlyList<RuleAction> actions) => (Slots, Join, Actions) = (slots, join, actions);

    /// <summary>One, or with <see cref="Join"/> at least two.</summary>
    public IReadOnlyList<RuleSlot> Slots { get; }

    /// <summary>Null = the rule is about single events.</summary>
    public RuleJoin? Join { get; }

    public IReadOnlyList<RuleAction> Actions { get; }

    /// <summary>Reads <c>{ eventType, condition, join, actions }</c>, with every problem on the way.</summary>
    public static bool TryCompile(
        ReadOnlyMemory<byte> utf8Json,
        [NotNullWhen(true)] out Rule? rule,
        out IReadOnlyList<DefinitionProblem> problems) =>
        TryCompile(utf8Json, isNew: false, out rule, out problems);

    /// <summary>The same for a rule that is about to be saved, see <see cref="CompiledWorkflow.TryAccept"/>.</summary>
    public static bool TryAccept(
        ReadOnlyMemory<byte> utf8Json,
        [NotNullWhen(true)] out Rule? rule,
        out IReadOnlyList<DefinitionProblem> problems) =>
        TryCompile(utf8Json, isNew: true, out rule, out problems);

    private static bool TryCompile(
        ReadOnlyMemory<byte> utf8Json,
        bool isNew,
        [NotNullWhen(true)] out Rule? rule,
        out IReadOnlyList<DefinitionProblem> problems)
    {
        var list = new ProblemList();
        var compiler = new RuleCompiler(list, isNew);
        rule = JsonText.FindProblem(utf8Json.Span, Limits.DefinitionDepth) is { } problem
            ? compiler.Refuse(problem)
            : compiler.Read(JsonElement.Parse(utf8Json.Span, new JsonDocumentOptions { MaxDepth = Limits.DefinitionDepth }));
        problems = list.Problems;
        return rule is not null;
    }
}
