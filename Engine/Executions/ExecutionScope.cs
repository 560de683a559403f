using System.Collections;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using Workflows.Engine.Definitions;
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

/// <summary>The root of what expressions see: input, steps, trigger, event, execution, vars.</summary>
internal sealed class ExecutionScope(Frame frame) : ScopeObject
{
    private JsonataValue _input;
    private JsonataValue _steps;
    private JsonataValue _trigger;
    private JsonataValue _event;
    private JsonataValue _execution;
    private JsonataValue _variables;

    public override IEnumerable<string> Keys => ScopeNames.Node;

    public override bool TryGetValue(string key, [MaybeNullWhen(false)] out JsonataValue value)
    {
        var facts = frame.State.Facts;
        value = key switch
        {
            ScopeNames.Input => Made(ref _input) ? _input : _input = JsonOrNull(facts.Input),
            ScopeNames.Steps => Made(ref _steps) ? _steps : _steps = JsonataValue.FromObject(new StepsScope(frame)),
            ScopeNames.Event => Made(ref _event) ? _event : _event = JsonataValue.FromJson(facts.TriggerEvent),
            ScopeNames.Trigger => Made(ref _trigger) ? _trigger : _trigger = Trigger(facts),
            ScopeNames.Execution => Made(ref _execution) ? _execution : _execution = Execution(facts),
            ScopeNames.Variables => Made(ref _variables) ? _variables : _variables = JsonataValue.FromJson(facts.Variables),
            _ => JsonataValue.Undefined,
        };
        return !value.IsUndefined;
    }

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

        if (facts.ScheduledAt is { } scheduledAt)
        {
            members["scheduledAt"] = JsonataValue.FromString(scheduledAt);
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

/// <summary><c>steps</c>: the nodes that have left by a port so far.</summary>
internal sealed class StepsScope(Frame frame) : ScopeObject
{
    public override IEnumerable<string> Keys =>
        frame.State.Workflow.Nodes.Where(node => frame.Slots[node.Ordinal].Phase == NodePhase.Done).Select(node => node.Id);

    public override bool TryGetValue(string key, out JsonataValue value)
    {
        value = default;
        var ordinal = frame.State.Workflow.OrdinalOf(key);
        if (ordinal < 0 || frame.Slots[ordinal].Phase != NodePhase.Done)
        {
            return false;
        }

        ref var slot = ref frame.Slots[ordinal];
        slot.Scope ??= new StepScope(frame.State.Workflow.Nodes[ordinal], slot);
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
