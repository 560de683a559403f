using System.Text.Json;
using Workflows.Engine.Events;
using static Workflows.Engine.Definitions.DefinitionProblemCodes;

namespace Workflows.Engine.Definitions;

/// <summary>
/// JSON to <see cref="WorkflowDefinition"/>: the fields and their types. What they mean together is checked afterwards.
/// </summary>
internal sealed class DefinitionReader(ProblemList problems)
{
    private static readonly double[] SecondsRange = [0.001, Limits.WaitSeconds];

    private int _depth;

    public WorkflowDefinition? Read(JsonElement root)
    {
        if (!ObjectReader.TryOpen(root, "", problems, out var reader))
        {
            return null;
        }

        reader.RejectUnknown("schema", "name", "description", "triggers", "nodes", "edges", "parameters", "output", "settings");
        ReadSchema(reader);
        return new WorkflowDefinition
        {
            Name = reader.Text("name", Limits.NameLength),
            Description = reader.Text("description", Limits.ExpressionLength),
            Triggers = ReadList(reader, "triggers", Limits.Triggers, ReadTrigger),
            Nodes = ReadNodes(reader),
            Edges = ReadList(reader, "edges", Limits.Edges, ReadEdge),
            Parameters = reader.Has("parameters", out var parameters) ? parameters : null,
            Output = reader.Has("output", out var output) ? output : null,
            Settings = ReadSettings(reader),
        };
    }

    private void ReadSchema(ObjectReader reader)
    {
        if (!reader.Has("schema", out var value))
        {
            reader.Missing<int>("schema", $"write \"schema\": {WorkflowDefinition.CurrentSchema}");
        }
        else if (value.ValueKind != JsonValueKind.Number
            || !value.TryGetInt32(out var schema)
            || schema != WorkflowDefinition.CurrentSchema)
        {
            problems.Add(
                reader.At("schema"),
                SchemaUnsupported,
                $"Schema version {value.GetRawText()} is not known.",
                $"This release reads version {WorkflowDefinition.CurrentSchema}.");
        }
    }

    private List<NodeDefinition> ReadNodes(ObjectReader reader)
    {
        if (!reader.Has("nodes", out _))
        {
            reader.Missing<int>("nodes", "a list of at least one node");
        }

        return ReadList(reader, "nodes", Limits.Nodes, ReadNode);
    }

    private BodyDefinition? ReadBody(ObjectReader node)
    {
        if (!node.Has("body", out var value) || !ObjectReader.TryOpen(value, node.At("body"), problems, out var body))
        {
            return null;
        }

        if (_depth == Limits.BodyDepth)
        {
            problems.Add(
                node.At("body"), TooManyItems, $"Bodies nest deeper than {Limits.BodyDepth} levels.", "Divide the definition into sub-workflows.");
            return null;
        }

        _depth++;
        body.RejectUnknown("nodes", "edges", "output");
        var definition = new BodyDefinition
        {
            Nodes = ReadNodes(body),
            Edges = ReadList(body, "edges", Limits.Edges, ReadEdge),
            Output = body.Has("output", out var output) ? output : null,
        };
        _depth--;
        return definition;
    }

    private static List<T> ReadList<T>(ObjectReader reader, string name, int maxItems, Func<JsonElement, string, T> readItem)
        where T : class
    {
        var items = new List<T>();
        if (reader.List(name, maxItems, out var list))
        {
            var pointer = reader.At(name);
            var index = 0;
            foreach (var element in list.EnumerateArray())
            {
                // An item that cannot be read leaves a gap filled by an empty one, so that indexes stay those of the text.
                items.Add(readItem(element, ProblemList.Append(pointer, index++)));
            }
        }

        return items;
    }

    private TriggerDefinition ReadTrigger(JsonElement element, string pointer)
    {
        if (!ObjectReader.TryOpen(element, pointer, problems, out var reader))
        {
            return new TriggerDefinition("", TriggerType.Manual, null, null);
        }

        switch (element.TryGetProperty("type", out var kind) && kind.ValueKind == JsonValueKind.String ? kind.GetString() : null)
        {
            case "schedule":
                return ScheduleTriggerReader.Read(reader, problems);
            case "webhook":
                return WebhookTriggerReader.Read(reader, problems);
        }

        reader.RejectUnknown("id", "type", "eventType", "condition", "serviceCode");
        var id = reader.Text("id", Limits.NodeIdLength, required: true) ?? "";
        var typeText = reader.Text("type", Limits.NameLength, required: true);
        if (typeText is not (null or "manual" or "event" or "session"))
        {
            problems.Add(
                reader.At("type"),
                TriggerTypeUnknown,
                $"There is no trigger type '{typeText}'.",
                Nearest.Hint(typeText, ["manual", "event", "schedule", "webhook", "session"]));
        }

        var isEvent = typeText == "event";
        var eventType = reader.Text("eventType", int.MaxValue, required: isEvent);
        if (eventType is not null && isEvent && EventTypePattern.FindProblem(eventType) is { } problem)
        {
            problems.Add(
                reader.At("eventType"),
                EventTypeInvalid,
                $"The event type is malformed: {problem}.",
                "Write e.g. order.created or order.*");
        }

        var condition = reader.Text("condition", Limits.ExpressionLength);
        var isSession = typeText == "session";
        var serviceCode = reader.Text("serviceCode", Limits.ServiceCodeLength, required: isSession);
        if (typeText is not (null or "session") && serviceCode is not null)
        {
            problems.Add(
                reader.At("serviceCode"), FieldUnknown, "Only a session trigger has a service code.", "Remove the field, or make it a session trigger.");
        }

        if (typeText is "manual" or "session" && (eventType is not null || condition is not null))
        {
            problems.Add(
                reader.At(eventType is null ? "condition" : "eventType"),
                FieldUnknown,
                $"A {typeText} trigger has neither event type nor condition.",
                "Remove the field, or make it an event trigger.");
        }

        var type = isEvent ? TriggerType.Event : isSession ? TriggerType.Session : TriggerType.Manual;
        return new TriggerDefinition(id, type, eventType, condition) { ServiceCode = serviceCode };
    }

    private NodeDefinition ReadNode(JsonElement element, string pointer)
    {
        if (!ObjectReader.TryOpen(element, pointer, problems, out var reader))
        {
            return new NodeDefinition { Id = "", Type = "" };
        }

        reader.RejectUnknown("id", "type", "name", "parameters", "position", "retry", "timeoutSeconds", "onError", "effect", "body", "compensate");
        return new NodeDefinition
        {
            Id = reader.Text("id", int.MaxValue, required: true) ?? "",
            Type = reader.Text("type", Limits.NameLength, required: true) ?? "",
            Name = reader.Text("name", Limits.NameLength),
            Parameters = ReadParameters(reader),
            Position = ReadPosition(reader),
            Retry = ReadRetry(reader),
            TimeoutSeconds = reader.Number("timeoutSeconds", SecondsRange[0], Limits.NodeTimeoutSeconds),
            OnError = reader.Choice("onError", OnError.Fail),
            Effect = reader.Boolean("effect") ?? false,
            Body = ReadBody(reader),
            Compensate = reader.Text("compensate", Limits.NodeIdLength),
        };
    }

    private JsonElement ReadParameters(ObjectReader reader) =>
        reader.Has("parameters", out var parameters)
        && ObjectReader.TryOpen(parameters, reader.At("parameters"), problems, out _)
            ? parameters
            : default;

    private NodePosition? ReadPosition(ObjectReader reader)
    {
        if (!reader.Has("position", out var value)
            || !ObjectReader.TryOpen(value, reader.At("position"), problems, out var position))
        {
            return null;
        }

        position.RejectUnknown("x", "y");
        return new NodePosition(position.Number("x", -1e9, 1e9) ?? 0, position.Number("y", -1e9, 1e9) ?? 0);
    }

    private RetryPolicy ReadRetry(ObjectReader reader)
    {
        if (!reader.Has("retry", out var value) || !ObjectReader.TryOpen(value, reader.At("retry"), problems, out var retry))
        {
            return RetryPolicy.None;
        }

        retry.RejectUnknown("maxAttempts", "initialDelaySeconds", "multiplier", "maxDelaySeconds", "nonRetryableCodes");
        var initial = retry.Number("initialDelaySeconds", 0, Limits.RetryDelaySeconds) ?? RetryPolicy.Default.InitialDelaySeconds;
        return new RetryPolicy(
            retry.Integer("maxAttempts", 1, Limits.RetryAttempts) ?? RetryPolicy.Default.MaxAttempts,
            initial,
            retry.Number("multiplier", 1, 100) ?? RetryPolicy.Default.Multiplier,
            retry.Number("maxDelaySeconds", 0, Limits.RetryDelaySeconds)
                ?? Math.Max(initial, RetryPolicy.Default.MaxDelaySeconds),
            ReadCodes(retry));
    }

    private List<string> ReadCodes(ObjectReader retry)
    {
        var codes = new List<string>();
        if (!retry.List("nonRetryableCodes", Limits.RetryAttempts, out var list))
        {
            return codes;
        }

        var pointer = retry.At("nonRetryableCodes");
        var index = 0;
        foreach (var item in list.EnumerateArray())
        {
            if (item.ValueKind == JsonValueKind.String)
            {
                codes.Add(item.GetString()!);
            }
            else
            {
                problems.Add(
                    ProblemList.Append(pointer, index), FieldType, "An error code is text.", "Write e.g. \"HTTP_404\".");
            }

            index++;
        }

        return codes;
    }

    private EdgeDefinition ReadEdge(JsonElement element, string pointer)
    {
        if (!ObjectReader.TryOpen(element, pointer, problems, out var reader))
        {
            return new EdgeDefinition("", Nodes.NodePort.Main, "");
        }

        reader.RejectUnknown("from", "port", "to");
        return new EdgeDefinition(
            reader.Text("from", int.MaxValue, required: true) ?? "",
            reader.Text("port", Limits.NameLength) ?? Nodes.NodePort.Main,
            reader.Text("to", int.MaxValue, required: true) ?? "");
    }

    private WorkflowSettings ReadSettings(ObjectReader root)
    {
        var defaults = WorkflowSettings.Default;
        if (!root.Has("settings", out var value) || !ObjectReader.TryOpen(value, root.At("settings"), problems, out var reader))
        {
            return defaults;
        }

        reader.RejectUnknown(
            "timeoutSeconds", "concurrency", "rateLimit", "priority", "overlapPolicy", "retentionDays", "checkpoint",
            "compensateOnCancel", "maxDescendants");
        return new WorkflowSettings(
            reader.Number("timeoutSeconds", SecondsRange[0], SecondsRange[1]),
            ReadConcurrency(reader),
            reader.Choice("priority", defaults.Priority),
            reader.Choice("overlapPolicy", defaults.OverlapPolicy),
            reader.Integer("retentionDays", 1, Limits.RetentionDays),
            reader.Choice("checkpoint", defaults.Checkpoint),
            reader.Boolean("compensateOnCancel") ?? false,
            ReadRateLimit(reader))
        {
            MaxDescendants = reader.Integer("maxDescendants", 1, Limits.Descendants),
        };
    }

    private ConcurrencyLimit? ReadConcurrency(ObjectReader settings)
    {
        if (!settings.Has("concurrency", out var value)
            || !ObjectReader.TryOpen(value, settings.At("concurrency"), problems, out var reader))
        {
            return null;
        }

        reader.RejectUnknown("limit", "key");
        if (!reader.Has("limit", out _))
        {
            reader.Missing<int>("limit", "how many may run at once");
        }

        return new ConcurrencyLimit(
            reader.Integer("limit", 1, Limits.Concurrency) ?? 1,
            reader.Text("key", Limits.ExpressionLength));
    }

    private RateLimit? ReadRateLimit(ObjectReader settings)
    {
        if (!settings.Has("rateLimit", out var value) || !ObjectReader.TryOpen(value, settings.At("rateLimit"), problems, out var reader))
        {
            return null;
        }

        reader.RejectUnknown("limit", "perSeconds", "key");
        if (!reader.Has("limit", out _))
        {
            reader.Missing<int>("limit", "how many may be started within the period");
        }

        if (!reader.Has("perSeconds", out _))
        {
            reader.Missing<int>("perSeconds", "the period in seconds");
        }

        return new RateLimit(
            reader.Integer("limit", 1, Limits.RateStarts) ?? 1,
            reader.Number("perSeconds", 0.001, Limits.RateSeconds) ?? 1,
            reader.Text("key", Limits.ExpressionLength));
    }
}
