using Workflows.Engine.Executions;
using Workflows.Jsonata;

namespace Workflows.Engine.Nodes;

/// <summary>Parameters of <c>aggregate</c>.</summary>
public sealed record AggregateParameters
{
    [Parameter("The list; a single value counts as a list of one, null and nothing as none.", Required = true, Example = "\"{{ input.orders }}\"")]
    public JsonTemplate? Items { get; init; }

    [Parameter(
        "The number of one item, from `item` and `index`; an item for which it yields nothing is counted and not summed. Left out: only counted.",
        PerItem = true,
        Example = "\"item.amount\"")]
    public JsonataExpression? Value { get; init; }

    [Parameter("The group of one item: text, a number or a boolean. Left out: one group of all.", PerItem = true, Example = "\"item.country\"")]
    public JsonataExpression? GroupBy { get; init; }
}

internal sealed class AggregateNode() : NodeType<AggregateParameters>(
    "aggregate", "data", NodeEffect.Pure, "Counts and sums a list, as a whole or by groups.", NodePort.MainPort, NodePort.ErrorPort)
{
    public override string OutputSummary =>
        "`{\"count\": 3, \"sum\": 6, \"avg\": 2, \"min\": 1, \"max\": 3}` (avg, min and max null without numbers); with `groupBy` also `\"groups\": [{\"key\": ..., \"count\": ...}]` in the order "
        + "in which the groups appear.";

    private protected override NodeAction Compile(AggregateParameters parameters, NodeCompilation node) => new Action(parameters);

    private sealed class Action(AggregateParameters parameters) : PureAction
    {
        public override StepOutcome Evaluate(in NodeContext context)
        {
            var list = context.Evaluate(parameters.Items!);
            var items = list.Kind == JsonataKind.Null ? [] : list.ToList();
            if (items.Count > Limits.LoopItems)
            {
                return StepOutcome.Failed(
                    StepErrorCodes.TooManyItems, $"The list has {items.Count} items; at most {Limits.LoopItems} are allowed.");
            }

            var total = new Tally();
            var groups = new List<(string Key, Tally Tally)>();
            var byKey = new Dictionary<string, Tally>(StringComparer.Ordinal);
            var scope = new ItemScope(context.Frame);
            for (var index = 0; index < items.Count; index++)
            {
                (scope.Item, scope.Index) = (items[index], index);
                var number = Number(context, scope);
                total.Add(number);
                if (parameters.GroupBy is not null)
                {
                    var (key, identity) = Key(context, scope);
                    if (!byKey.TryGetValue(identity, out var tally))
                    {
                        byKey.Add(identity, tally = new Tally());
                        groups.Add((key, tally));
                    }

                    tally.Add(number);
                }
            }

            return StepOutcome.Main(Output(total, groups));
        }

        private JsonataValue? Number(in NodeContext context, ItemScope scope)
        {
            if (parameters.Value is null || context.Evaluate(parameters.Value, scope) is not { IsUndefined: false, Kind: not JsonataKind.Null } value)
            {
                return null;
            }

            return value.Kind == JsonataKind.Number
                ? value
                : throw Invalid($"'value' must yield a number; for item {scope.Index} it yields {Shortened(value)}.");
        }

        /// <summary>
        /// The key as JSON, so that 1 and "1" are two groups, and what is the same for all of a group: 1 and 1.0 are
        /// one.
        /// </summary>
        private (string Key, string Identity) Key(in NodeContext context, ItemScope scope)
        {
            var key = context.Evaluate(parameters.GroupBy!, scope);
            return key.Kind switch
            {
                JsonataKind.Undefined or JsonataKind.Null => ("null", "null"),
                JsonataKind.Number => (key.ToString(), new AggregateNumber(key).Identity),
                JsonataKind.String or JsonataKind.Boolean => (key.ToString(), key.ToString()),
                _ => throw Invalid($"'groupBy' must yield text, a number or a boolean; for item {scope.Index} it yields {Shortened(key)}."),
            };
        }

        private byte[] Output(Tally total, List<(string Key, Tally Tally)> groups)
        {
            var buffer = JsonBuffer.Rent();
            var writer = buffer.Writer;
            writer.WriteStartObject();
            total.WriteTo(writer, parameters.Value is not null);
            if (parameters.GroupBy is not null)
            {
                writer.WriteStartArray("groups"u8);
                foreach (var (key, tally) in groups)
                {
                    writer.WriteStartObject();
                    writer.WritePropertyName("key"u8);
                    writer.WriteRawValue(key, skipInputValidation: true);
                    tally.WriteTo(writer, parameters.Value is not null);
                    writer.WriteEndObject();
                }

                writer.WriteEndArray();
            }

            writer.WriteEndObject();
            return buffer.ToJson();
        }

        private static StepException Invalid(string message) => new(new StepError(StepErrorCodes.ParameterInvalid, message));

        private static string Shortened(JsonataValue value) => value.ToString() is { Length: > 60 } text ? text[..60] + "…" : value.ToString();
    }

    private sealed class Tally
    {
        private int _count;
        private int _numbers;
        private double _sum;
        private AggregateNumber _min;
        private AggregateNumber _max;

        public void Add(JsonataValue? number)
        {
            _count++;
            if (number is not { } value)
            {
                return;
            }

            var added = new AggregateNumber(value);
            _sum += added.Number;
            _min = _numbers == 0 || added.CompareTo(_min) < 0 ? added : _min;
            _max = _numbers == 0 || added.CompareTo(_max) > 0 ? added : _max;
            _numbers++;
        }

        public void WriteTo(System.Text.Json.Utf8JsonWriter writer, bool withNumbers)
        {
            writer.WriteNumber("count"u8, _count);
            if (!withNumbers)
            {
                return;
            }

            if (!double.IsFinite(_sum))
            {
                throw new StepException(new StepError(StepErrorCodes.ParameterInvalid, "The sum is beyond what a number can hold."));
            }

            writer.WriteNumber("sum"u8, _sum);
            if (_numbers == 0)
            {
                writer.WriteNull("avg"u8);
                writer.WriteNull("min"u8);
                writer.WriteNull("max"u8);
                return;
            }

            writer.WriteNumber("avg"u8, _sum / _numbers);
            writer.WritePropertyName("min"u8);
            _min.WriteTo(writer);
            writer.WritePropertyName("max"u8);
            _max.WriteTo(writer);
        }
    }
}
