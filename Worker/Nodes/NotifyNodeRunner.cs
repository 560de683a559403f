using System.Text.Json;
using Workflows.Data;
using Workflows.Data.Notifications;
using Workflows.Engine;
using Workflows.Engine.Executions;
using Workflows.Engine.Nodes;
using Workflows.Worker.Calls;

namespace Workflows.Worker.Nodes;

/// <summary>Tells users for <c>notify</c> nodes. Guarantees: each user has the notification once, since it is named by the step's idempotency key.</summary>
internal sealed class NotifyNodeRunner(NotificationStore notifications) : INodeRunner
{
    private static readonly (string Member, string Kind)[] Kinds = [("users", "user"), ("groups", "group"), ("roles", "role")];

    public string Type => "notify";

    public async Task<NodeResult> RunAsync(NodeCall call, CancellationToken cancellationToken)
    {
        using var parameters = JsonText.Parse(call.Run.Parameters);
        var wanted = parameters.RootElement;
        try
        {
            var recipients = await notifications.ResolveAsync(call.TenantId, [.. Names(wanted)], cancellationToken);
            if (recipients.Users.Count is 0 or > Data.Limits.Recipients)
            {
                return new NodeResult.Failure(recipients.Users.Count == 0
                    ? new StepError("NOTIFY_NOBODY", "None of the users, groups and roles named has an active user.")
                    : new StepError("NOTIFY_TOO_MANY", $"More than {Data.Limits.Recipients} users would be told."));
            }

            var notification = new NewNotification(
                call.TenantId, $"step:{call.Run.IdempotencyKey}", "workflow", Text(wanted, "level")!, Text(wanted, "title")!, Text(wanted, "body"), Text(wanted, "link"));
            await notifications.AddAsync(notification, recipients.Users, cancellationToken);
            return new NodeResult.Success(NodePort.Main, JsonSerializer.SerializeToUtf8Bytes(
                new { recipients = recipients.Users.Count, unknown = recipients.Unknown.Select(principal => $"{principal.Kind}:{principal.Name}") }));
        }
        catch (Exception exception) when (PostgresErrors.MayPass(exception))
        {
            return new NodeResult.Failure(new StepError("NOTIFY_UNAVAILABLE", exception.Message, StepErrorKind.Transient));
        }
    }

    private static IEnumerable<NamedPrincipal> Names(JsonElement wanted) => Kinds.SelectMany(
        kind => wanted.GetProperty(kind.Member).EnumerateArray().Select(name => new NamedPrincipal(kind.Kind, name.GetString()!)));

    private static string? Text(JsonElement wanted, string member) => wanted.GetProperty(member).GetString();
}
