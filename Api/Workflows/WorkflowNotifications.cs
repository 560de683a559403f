using System.Text.Json;
using Workflows.Api.Http;
using Workflows.Connectors;

namespace Workflows.Api.Workflows;

/// <summary>Whom the workflow itself tells of ends of its executions: its owner, in the inbox, and addresses.</summary>
/// <param name="OnFailure">Of those that failed or timed out.</param>
/// <param name="OnSuccess">Of those that completed.</param>
/// <param name="Emails">Addresses that get a mail, too; at most 20.</param>
internal sealed record WorkflowNotifications(
    bool OnFailure = false, bool OnSuccess = false, IReadOnlyList<string>? Emails = null)
{
    /// <summary>As a workflow's row holds it.</summary>
    public static WorkflowNotifications Read(string json) =>
        JsonSerializer.Deserialize<WorkflowNotifications>(json, Envelope.Json)! is var kept && kept.Emails is null
            ? kept with { Emails = [] }
            : kept;

    /// <summary>What a file holds of it: nothing where nobody is told.</summary>
    public static WorkflowNotifications? ReadUnlessEmpty(string json) =>
        Read(json) is { OnFailure: false, OnSuccess: false, Emails.Count: 0 } ? null : Read(json);

    public string ToJson() => JsonSerializer.Serialize(this with { Emails = Emails ?? [] }, Envelope.Json);
}

/// <summary>What can be wrong with them.</summary>
internal static class WorkflowNotificationChecks
{
    public static Checks Notifications(this Checks checks, string field, WorkflowNotifications? value)
    {
        var emails = value?.Emails ?? [];
        if (emails.Count > Limits.NotifiedAddresses)
        {
            return checks.Add(
                $"{field}/emails", "TOO_MANY", $"There are at most {Limits.NotifiedAddresses} addresses.");
        }

        for (var index = 0; index < emails.Count; index++)
        {
            if (emails[index] is not { } email)
            {
                checks.Add($"{field}/emails/{index}", "TYPE", "An address is a text.");
            }
            else if (MailAddressRules.FindProblem("emails", email) is { } problem)
            {
                checks.Add($"{field}/emails/{index}", "EMAIL", problem);
            }
        }

        return checks;
    }
}
