using System.Collections;
using System.Globalization;
using Workflows.Engine.Definitions;
using Workflows.Engine.Nodes;
using Workflows.Jsonata;

namespace Workflows.Engine.Executions;

/// <summary>An object of few fixed members, each made when an expression first names it.</summary>
internal abstract class ScopeObject : IReadOnlyDictionary<string, JsonataValue>
{
    public abstract IEnumerable<string> Keys { get; }

    public IEnumerable<JsonataValue> Values => Keys.Select(key => this[key]);

    public int Count => Keys.Count();

    /// <summary>A member that has no value is undefined, as everywhere in JSONata.</summary>
    public JsonataValue this[string key] => TryGetValue(key, out var value) ? value : JsonataValue.Undefined;

    public bool ContainsKey(string key) => Keys.Contains(key);

    public abstract bool TryGetValue(string key, out JsonataValue value);

    public IEnumerator<KeyValuePair<string, JsonataValue>> GetEnumerator() =>
        Keys.Select(key => KeyValuePair.Create(key, this[key])).GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}

/// <summary>What all expressions of an execution see alike: input, trigger, event, execution, vars, context.</summary>
internal sealed class SharedScope(ExecutionFacts facts)
{
    private JsonataValue _input;
    private JsonataValue _trigger;
    private JsonataValue _event;
    private JsonataValue _execution;
    private JsonataValue _variables;
    private JsonataValue _context;

    public JsonataValue this[string key] => key switch
    {
        ScopeNames.Input => Made(ref _input) ? _input : _input = JsonOrNull(facts.Input),
        ScopeNames.Event => Made(ref _event) ? _event : _event = JsonataValue.FromJson(facts.TriggerEvent),
        ScopeNames.Trigger => Made(ref _trigger) ? _trigger : _trigger = Trigger(facts),
        ScopeNames.Execution => Made(ref _execution) ? _execution : _execution = Execution(facts),
        ScopeNames.Variables => Made(ref _variables) ? _variables : _variables = JsonataValue.FromJson(facts.Variables),
        ScopeNames.Context => Made(ref _context) ? _context : _context = JsonataValue.FromJson(facts.Context),
        _ => JsonataValue.Undefined,
    };

    private static bool Made(ref JsonataValue value) => !value.IsUndefined;

    private static JsonataValue JsonOrNull(ReadOnlyMemory<byte> json) =>
        json.IsEmpty ? JsonataValue.Null : JsonataValue.FromJson(json);

    private static JsonataValue Trigger(ExecutionFacts facts)
    {
        var members = new Dictionary<string, JsonataValue>(2) { ["type"] = JsonataValue.FromString(facts.TriggerType) };
        if (facts.TriggerId is { } id)
        {
            members["id"] = JsonataValue.FromString(id);
        }

        return JsonataValue.FromObject(members);
    }

    private static JsonataValue Execution(ExecutionFacts facts)
    {
        var members = new Dictionary<string, JsonataValue>(7)
        {
            ["id"] = JsonataValue.FromString(facts.ExecutionId.ToString()),
            ["tenantId"] = JsonataValue.FromString(facts.TenantId.ToString()),
            ["workflowId"] = JsonataValue.FromString(facts.WorkflowId.ToString()),
            ["version"] = JsonataValue.FromNumber(facts.Version),
            ["attempt"] = JsonataValue.FromNumber(facts.Attempt),
            ["createdAt"] = JsonataValue.FromString(
                facts.CreatedAt.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture)),
        };
        if (facts.CorrelationId is { } correlation)
        {
            members["correlationId"] = JsonataValue.FromString(correlation);
        }

        return JsonataValue.FromObject(members);
    }
}

/// <summary>The root of what the expressions of one frame see: what is shared, its steps, in a loop's body item and index; secrets where it is allowed.</summary>
internal sealed class FrameScope(Frame frame, bool withSecrets = false) : ScopeObject
{
    private JsonataValue _steps;
    private JsonataValue _secrets;

    public override IEnumerable<string> Keys => frame.Loop is null ? ScopeNames.Node : ScopeNames.Body;

    public override bool TryGetValue(string key, out JsonataValue value)
    {
        value = key switch
        {
            ScopeNames.Steps => _steps.IsUndefined ? _steps = JsonataValue.FromObject(new StepsScope(frame)) : _steps,
            ScopeNames.Item => frame.Item,
            ScopeNames.Index => frame.Loop is null ? JsonataValue.Undefined : JsonataValue.FromNumber(frame.Index),
            ScopeNames.Secrets when withSecrets =>
                _secrets.IsUndefined ? _secrets = JsonataValue.FromObject(new SecretsScope(frame.State.Facts.Secrets)) : _secrets,
            _ => frame.State.Shared[key],
        };
        return !value.IsUndefined;
    }
}

/// <summary>What a frame sees, with an item of a node's own list; the item changes from one evaluation to the next.</summary>
internal sealed class ItemScope(Frame frame) : ScopeObject
{
    private readonly FrameScope _frame = new(frame);

    public JsonataValue Self => field.IsUndefined ? field = JsonataValue.FromObject(this) : field;

    public JsonataValue Item { get; set; }

    public int Index { get; set; }

    public override IEnumerable<string> Keys => ScopeNames.Body;

    public override bool TryGetValue(string key, out JsonataValue value)
    {
        value = key switch
        {
            ScopeNames.Item => Item,
            ScopeNames.Index => JsonataValue.FromNumber(Index),
            _ => _frame.TryGetValue(key, out var member) ? member : JsonataValue.Undefined,
        };
        return !value.IsUndefined;
    }
}

/// <summary><c>secrets</c>: by name only, so that no expression can list or copy them all.</summary>
internal sealed class SecretsScope(IReadOnlyDictionary<string, string> secrets) : ScopeObject
{
    public override IEnumerable<string> Keys => [];

    public override bool TryGetValue(string key, out JsonataValue value)
    {
        if (!secrets.TryGetValue(key, out var secret))
        {
            throw new StepException(new StepError(StepErrorCodes.SecretUnknown, $"There is no secret '{key}'."));
        }

        value = JsonataValue.FromString(secret);
        return true;
    }
}

/// <summary><c>steps</c>: the nodes that have left by a port so far, in this frame and in those around it.</summary>
internal sealed class StepsScope(Frame frame) : ScopeObject
{
    public override IEnumerable<string> Keys
    {
        get
        {
            for (var outer = frame; outer is not null; outer = outer.Loop?.Parent)
            {
                for (var place = 0; place < outer.Slots.Length; place++)
                {
                    if (outer.Slots[place].Phase == NodePhase.Done)
                    {
                        yield return outer.State.Workflow.Nodes[outer.Graph.First + place].Id;
                    }
                }
            }
        }
    }

    public override bool TryGetValue(string key, out JsonataValue value)
    {
        value = default;
        var workflow = frame.State.Workflow;
        var ordinal = workflow.OrdinalOf(key);
        if (ordinal < 0)
        {
            return false;
        }

        var node = workflow.Nodes[ordinal];
        var holder = frame;
        while (holder is not null && holder.Graph != node.Graph)
        {
            holder = holder.Loop?.Parent;
        }

        if (holder is null || holder.Slot(ordinal).Phase != NodePhase.Done)
        {
            return false;
        }

        ref var slot = ref holder.Slot(ordinal);
        slot.Scope ??= new StepScope(node, slot);
        value = slot.Scope.Self;
        return true;
    }
}

/// <summary>
/// <c>steps.x</c>: output, port and status of one step. The output is parsed once, by the first expression that reads it.
/// </summary>
internal sealed class StepScope : ScopeObject
{
    private readonly CompiledNode _node;
    private readonly int _port;
    private readonly bool _hasFailed;
    private readonly JsonataValue _output;

    public StepScope(CompiledNode node, in NodeSlot slot)
    {
        _node = node;
        _port = slot.Port;
        _hasFailed = slot.HasFailed;
        _output = JsonataValue.FromJson(slot.Output);
        Self = JsonataValue.FromObject(this);
    }

    public JsonataValue Self { get; }

    public override IEnumerable<string> Keys => ScopeNames.Step;

    public override bool TryGetValue(string key, out JsonataValue value)
    {
        value = key switch
        {
            ScopeNames.Output => _output,
            ScopeNames.Port => JsonataValue.FromString(_node.Ports[_port]),
            ScopeNames.Status => JsonataValue.FromString(_hasFailed ? StepStatuses.Failed : StepStatuses.Completed),
            _ => JsonataValue.Undefined,
        };
        return !value.IsUndefined;
    }
}
