using System.Text.Json;
using Workflows.Engine.Definitions;
using Workflows.Engine.Executions;

namespace Workflows.Engine.Nodes;

/// <summary>Opens the wait with the request that the database makes its rows from, and reads the answer that settles it.</summary>
internal sealed class ApprovalAction(ApprovalParameters parameters) : WaitAction
{
    public override IReadOnlyList<(string Port, string Reason)> UnusedPorts =>
        parameters.ExpirySeconds is null ? [(NodePort.Expired, "without 'expirySeconds' it waits for ever")] : [];

    public override WaitSpec? Open(in NodeContext context, out StepOutcome outcome)
    {
        outcome = default;
        var request = Request(context);
        if (request.Length > Limits.ApprovalRequestBytes)
        {
            outcome = StepOutcome.Failed(
                StepErrorCodes.ParametersTooLarge, $"The request has {request.Length} bytes; at most {Limits.ApprovalRequestBytes} are allowed.");
            return null;
        }

        return new WaitSpec(
            context.Node.Ordinal,
            context.Node.Id,
            context.Frame.Iteration,
            context.Attempt,
            WaitKind.Approval,
            context.Seconds(parameters.ExpirySeconds, "expirySeconds") is { } seconds ? context.Now.AddSeconds(seconds) : null,
            Request: request);
    }

    public override StepOutcome Resolve(in NodeContext context, WaitOutcome outcome, ReadOnlyMemory<byte> payload)
    {
        var settled = payload.IsEmpty ? null : OutcomeOf(payload);
        return settled switch
        {
            "approved" => StepOutcome.By(NodePort.Approved, payload),
            "rejected" => StepOutcome.By(NodePort.Rejected, payload),
            "unassigned" => StepOutcome.Failed(StepErrorCodes.ApprovalUnassigned, "None of the users, groups and roles named as assignees exists."),
            _ when outcome != WaitOutcome.Timeout => StepOutcome.Failed(StepErrorCodes.OutputInvalid, "The answer says neither approved nor rejected."),
            _ when !context.Node.IsWired(NodePort.Expired) => StepOutcome.Failed(StepErrorCodes.ApprovalExpired, "Nobody decided in time."),
            "expired" => StepOutcome.By(NodePort.Expired, payload),
            _ => StepOutcome.By(NodePort.Expired, """{"outcome":"expired","decisions":[],"form":null}"""u8.ToArray()),
        };
    }

    private ReadOnlyMemory<byte> Request(in NodeContext context)
    {
        var title = context.RequiredText(parameters.Title, "title", Limits.ApprovalTitleLength);
        var description = context.Text(parameters.Description, "description", Limits.ApprovalDescriptionLength);
        var asked = People.Render(context, ("users", parameters.Users), ("groups", parameters.Groups), ("roles", parameters.Roles));
        if (asked.Count == 0)
        {
            throw Invalid("'users', 'groups' and 'roles' together name nobody.");
        }

        var further = People.Render(
            context, ("escalationUsers", parameters.EscalationUsers), ("escalationGroups", parameters.EscalationGroups), ("escalationRoles", parameters.EscalationRoles));
        var form = parameters.Form is null ? default : context.Render(parameters.Form);
        if (FormSchema.FindProblem(form) is { } problem)
        {
            throw Invalid($"'form' is no JSON Schema that can be checked: {problem}.");
        }

        var data = parameters.Data is null ? default : context.Render(parameters.Data);
        var count = Count(context);
        var (due, remind, escalate) = (
            context.Seconds(parameters.DueSeconds, "dueSeconds"), context.Seconds(parameters.ReminderSeconds, "reminderSeconds"),
            context.Seconds(parameters.EscalationSeconds, "escalationSeconds"));

        var buffer = JsonBuffer.Rent();
        var writer = buffer.Writer;
        writer.WriteStartObject();
        writer.WriteString("title", title);
        writer.WriteString("description", description);
        asked.WriteTo(writer);
        writer.WriteString("mode", ObjectReader.CamelCase(parameters.Mode.ToString()));
        writer.WriteNumber("count", count);
        writer.WriteBoolean("allowSelfApproval", parameters.AllowSelfApproval);
        Write(writer, "dueSeconds", due);
        Write(writer, "reminderSeconds", remind);
        writer.WriteNumber("maxReminders", parameters.MaxReminders);
        Write(writer, "escalationSeconds", escalate);
        if (escalate is not null && further.Count > 0)
        {
            writer.WriteStartObject("escalation");
            further.WriteTo(writer);
            writer.WriteEndObject();
        }

        Write(writer, "form", form);
        Write(writer, "data", data);
        writer.WriteEndObject();
        return buffer.ToJson();
    }

    private int Count(in NodeContext context)
    {
        if (parameters.Count is not { } template)
        {
            return 1;
        }

        return context.Evaluate(template).TryGetNumber(out var number) && number is >= 1 and <= Limits.Assignees && number == Math.Floor(number)
            ? (int)number
            : throw Invalid($"'count' must be a whole number from 1 to {Limits.Assignees}.");
    }

    private static void Write(Utf8JsonWriter writer, string member, double? seconds)
    {
        if (seconds is { } value)
        {
            writer.WriteNumber(member, value);
        }
    }

    private static void Write(Utf8JsonWriter writer, string member, ReadOnlyMemory<byte> json)
    {
        if (!json.IsEmpty)
        {
            writer.WritePropertyName(member);
            writer.WriteRawValue(json.Span, skipInputValidation: true);
        }
    }

    private static string? OutcomeOf(ReadOnlyMemory<byte> payload)
    {
        var json = JsonText.ParseElement(payload);
        return json.ValueKind == JsonValueKind.Object && json.TryGetProperty("outcome", out var outcome) ? outcome.GetString() : null;
    }

    private static StepException Invalid(string message) => new(new StepError(StepErrorCodes.ParameterInvalid, message));
}
