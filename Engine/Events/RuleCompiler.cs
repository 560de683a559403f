using System.Text.Json;
using Workflows.Engine.Definitions;
using Workflows.Engine.Nodes;
using Workflows.Jsonata;
using static Workflows.Engine.Definitions.DefinitionProblemCodes;

namespace Workflows.Engine.Events;

/// <summary>JSON to <see cref="Rule"/>; one instance reads one rule.</summary>
internal sealed class RuleCompiler
{
    private const string Single = "event";

    private static readonly string[] ConditionNames = ["event"];
    private static readonly string[] ActionNames = ["event", "rule"];
    private static readonly string[] JoinedActionNames = ["event", "rule", "events"];
    private static readonly string[] ActionTypes = ["startWorkflow", "emitEvent", "notify"];

    private readonly ProblemList _problems;
    private readonly ExpressionCompiler _expressions;

    public RuleCompiler(ProblemList problems, bool isNew) =>
        (_problems, _expressions) = (problems, new ExpressionCompiler(problems, isNew));

    public Rule? Refuse(string problem)
    {
        _problems.Add("", NotStorable, $"The rule cannot be stored: {problem}.", "Correct the text.");
        return null;
    }

    public Rule? Read(JsonElement root)
    {
        if (!ObjectReader.TryOpen(root, "", _problems, out var reader))
        {
            return null;
        }

        reader.RejectUnknown("eventType", "condition", "join", "actions");
        RuleJoin? join = null;
        List<RuleSlot> slots;
        if (reader.Has("join", out var joined))
        {
            (join, slots) = ReadJoin(reader, joined);
        }
        else
        {
            slots = [ReadSlot(reader, "eventType", Single)];
        }

        var actions = ReadActions(reader, join is null ? ActionNames : JoinedActionNames);
        CheckNames(join is null ? ActionNames : JoinedActionNames);
        return _problems.IsEmpty ? new Rule(slots, join, actions) : null;
    }

    private (RuleJoin? Join, List<RuleSlot> Slots) ReadJoin(ObjectReader root, JsonElement joined)
    {
        var slots = new List<RuleSlot>();
        foreach (var name in new[] { "eventType", "condition" })
        {
            if (root.Has(name, out _))
            {
                _problems.Add(root.At(name), ParameterConflict, $"A rule has either 'join' or '{name}'.", "Give each event of the join its own.");
            }
        }

        if (!ObjectReader.TryOpen(joined, root.At("join"), _problems, out var reader))
        {
            return (null, slots);
        }

        reader.RejectUnknown("events", "within", "correlateBy", "order");
        if (reader.List("events", Limits.JoinSlots, out var events))
        {
            var index = 0;
            foreach (var element in events.EnumerateArray())
            {
                if (ObjectReader.TryOpen(element, ProblemList.Append(reader.At("events"), index++), _problems, out var item))
                {
                    item.RejectUnknown("type", "condition", "as");
                    slots.Add(ReadSlot(item, "type", ReadAs(item, slots)));
                }
            }

            if (index < 2)
            {
                _problems.Add(reader.At("events"), FieldValue, "A join has at least two events.", "Name the other one, or write a rule without 'join'.");
            }
        }
        else if (!reader.Has("events", out _))
        {
            reader.Missing<int>("events", $"a list of 2 to {Limits.JoinSlots} events");
        }

        if (!reader.Has("within", out _))
        {
            reader.Missing<int>("within", "seconds from the first event to the last");
        }

        var within = reader.Number("within", 0.001, Limits.JoinSeconds) ?? 1;
        var order = reader.Choice("order", JoinOrder.Any);
        var by = reader.Text("correlateBy", int.MaxValue, required: true) is { } source
            ? _expressions.Expression(source, reader.At("correlateBy"), node: -1, ExpressionScope.Trigger)
            : null;
        return (by is null ? null : new RuleJoin(within, by, order), slots);
    }

    private string ReadAs(ObjectReader item, List<RuleSlot> before)
    {
        var name = item.Text("as", Limits.NodeIdLength, required: true) ?? "";
        if (name.Length > 0 && !NodeIds.IsValid(name))
        {
            _problems.Add(item.At("as"), FieldValue, $"'{name}' cannot be a name.", "Begin with a letter; use letters, digits, '_' and '-'.");
        }
        else if (before.Exists(slot => slot.As == name && name.Length > 0))
        {
            _problems.Add(item.At("as"), FieldValue, $"Another event of the join is named '{name}'.", "Give each a name of its own.");
        }

        return name;
    }

    private RuleSlot ReadSlot(ObjectReader reader, string typeField, string name)
    {
        var type = reader.Text(typeField, int.MaxValue, required: true);
        EventTypePattern pattern = default;
        if (type is not null && EventTypePattern.FindProblem(type) is { } problem)
        {
            _problems.Add(reader.At(typeField), EventTypeInvalid, $"The event type is malformed: {problem}.", "Write e.g. order.created or order.*");
        }
        else if (type is not null)
        {
            _ = EventTypePattern.TryParse(type, out pattern);
        }

        var condition = reader.Text("condition", int.MaxValue) is { } source
            ? _expressions.Expression(source, reader.At("condition"), node: -1, ExpressionScope.Trigger)
            : null;
        return new RuleSlot(name, pattern, condition);
    }

    private List<RuleAction> ReadActions(ObjectReader reader, string[] names)
    {
        var actions = new List<RuleAction>();
        if (!reader.Has("actions", out _))
        {
            reader.Missing<int>("actions", "a list of at least one action");
            return actions;
        }

        if (!reader.List("actions", Limits.RuleActions, out var list))
        {
            return actions;
        }

        var index = 0;
        foreach (var element in list.EnumerateArray())
        {
            if (ObjectReader.TryOpen(element, ProblemList.Append(reader.At("actions"), index++), _problems, out var item) && ReadAction(item) is { } action)
            {
                actions.Add(action);
            }
        }

        if (index == 0)
        {
            _problems.Add(reader.At("actions"), FieldValue, "The rule does nothing.", $"Give it an action; its templates may read {string.Join(", ", names)}.");
        }

        return actions;
    }

    private RuleAction? ReadAction(ObjectReader item)
    {
        var type = item.Text("type", Limits.NameLength, required: true);
        switch (type)
        {
            case "startWorkflow":
                item.RejectUnknown("type", "workflow", "input", "correlationId", "priority");
                var text = item.Text("workflow", Limits.NameLength, required: true);
                if (text is not null && !Guid.TryParse(text, out _))
                {
                    _problems.Add(item.At("workflow"), FieldValue, $"'{text}' is not the id of a workflow.", "Write its id, as GET /workflows shows it.");
                }

                return new RuleAction.StartWorkflow(
                    Guid.TryParse(text, out var id) ? id : default, Template(item, "input"), Template(item, "correlationId"),
                    item.Has("priority", out _) ? item.Choice("priority", ExecutionPriority.Normal) : null);
            case "emitEvent":
                item.RejectUnknown("type", "eventType", "subject", "data");
                var eventType = item.Text("eventType", Limits.EventTypeLength, required: true);
                if (eventType is not null && (EventTypePattern.FindProblem(eventType) is not null || eventType.Contains('*', StringComparison.Ordinal)))
                {
                    _problems.Add(item.At("eventType"), EventTypeInvalid, $"'{eventType}' is not the type of an event.", "Write e.g. order.escalated");
                }

                return new RuleAction.EmitEvent(eventType ?? "", Template(item, "subject"), Template(item, "data"));
            case "notify":
                return ReadNotify(item);
            case null:
                return null;
            default:
                _problems.Add(item.At("type"), FieldValue, $"There is no action '{type}'.", Nearest.Hint(type, ActionTypes));
                return null;
        }
    }

    private RuleAction.Notify ReadNotify(ObjectReader item)
    {
        item.RejectUnknown("type", "users", "groups", "roles", "title", "body", "link", "level");
        if (!item.Has("users", out _) && !item.Has("groups", out _) && !item.Has("roles", out _))
        {
            _problems.Add(item.Pointer, FieldMissing, "Nobody is told.", "Give users, groups or roles.");
        }

        if (!item.Has("title", out _))
        {
            item.Missing<int>("title", "text, which may hold expressions");
        }

        return new RuleAction.Notify(
            Template(item, "users"), Template(item, "groups"), Template(item, "roles"), Template(item, "title"), Template(item, "body"), Template(item, "link"),
            item.Choice("level", NotificationLevel.Info));
    }

    private JsonTemplate? Template(ObjectReader item, string name) =>
        item.Has(name, out var json) ? _expressions.Template(json, item.At(name), node: -1, ExpressionScope.Node) : null;

    private void CheckNames(string[] actionNames)
    {
        foreach (var use in _expressions.Uses)
        {
            var known = use.Scope == ExpressionScope.Trigger ? ConditionNames : actionNames;
            foreach (var reference in use.References.Where(reference => reference.Path.Count > 0 && !known.Contains(reference.Path[0])))
            {
                _problems.Add(
                    use.Pointer, ExpressionNameUnknown, $"At position {reference.Position}: there is no '{reference.Path[0]}' here.",
                    Nearest.Hint(reference.Path[0], known));
            }
        }
    }
}
