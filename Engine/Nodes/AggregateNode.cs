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
                    var key = Key(context, scope);
                    if (!byKey.TryGetValue(key, out var tally))
                    {
                        byKey.Add(key, tally = new Tally());
                        groups.Add((key, tally));
                    }

                    tally.Add(number);
                }
            }

            return StepOutcome.Main(Output(total, groups));
        }

        private double? Number(in NodeContext context, ItemScope scope)
        {
            if (parameters.Value is null || context.Evaluate(parameters.Value, scope) is not { IsUndefined: false, Kind: not JsonataKind.Null } value)
            {
                return null;
            }

            return value.TryGetNumber(out var number)
                ? number
                : throw Invalid($"'value' must yield a number; for item {scope.Index} it yields {Shortened(value)}.");
        }

        /// <summary>The key as JSON, so that 1 and "1" are two groups.</summary>
        private string Key(in NodeContext context, ItemScope scope)
        {
            var key = context.Evaluate(parameters.GroupBy!, scope);
            return key.Kind switch
            {
                JsonataKind.Undefined or JsonataKind.Null => "null",
                JsonataKind.String or JsonataKind.Number or JsonataKind.Boolean => key.ToString(),
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
        private double _min = double.PositiveInfinity;
        private double _max = double.NegativeInfinity;

        public void Add(double? number)
        {
            _count++;
            if (number is { } value)
            {
                _numbers++;
                _sum += value;
                _min = Math.Min(_min, value);
                _max = Math.Max(_max, value);
            }
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
            Write("avg", _sum / _numbers);
            Write("min", _min);
            Write("max", _max);

            void Write(string name, double value)
            {
                if (_numbers > 0)
                {
                    writer.WriteNumber(name, value);
                }
                else
                {
                    writer.WriteNull(name);
                }
            }
        }
    }
}
