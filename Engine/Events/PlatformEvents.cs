namespace Workflows.Engine.Events;

/// <summary>
/// What only the platform says. Whoever waits for the decision of an approval must be able to rely on it, so nobody
/// else publishes events of these types and sources: neither clients, nor nodes, nor rules. Compared without regard to
/// case, so that nothing looks alike either.
/// </summary>
public static class PlatformEvents
{
    /// <summary>Beginning of the types of what happens to approvals.</summary>
    public const string ApprovalTypes = "approval.";

    /// <summary>The source of what happens to approvals.</summary>
    public const string Approvals = "/approvals";

    /// <summary>Beginning of the source of what rules emit; the rule's id follows.</summary>
    public const string Rules = "/rules";

    /// <summary>Beginning of the source of what executions emit; the workflow's id follows.</summary>
    public const string Workflows = "/workflows";

    /// <summary>Why an event of this type may not be published; null when it may.</summary>
    public static string? TypeProblem(string? type) =>
        type is not null && type.Trim().StartsWith(ApprovalTypes, StringComparison.OrdinalIgnoreCase)
            ? $"types that begin with '{ApprovalTypes}' are the platform's own: "
                + "only what really happens to an approval is published under them"
            : null;

    /// <summary>Why an event of this source may not be published; null when it may.</summary>
    /// <param name="own">A source of the platform's that the publisher is entitled to; null when to none.</param>
    public static string? SourceProblem(string? source, string? own)
    {
        if (source is null || source == own)
        {
            return null;
        }

        var plain = Uri.UnescapeDataString(source.Trim());
        foreach (var reserved in new[] { Approvals, Rules, Workflows })
        {
            if (plain.StartsWith(reserved, StringComparison.OrdinalIgnoreCase)
                && (plain.Length == reserved.Length || plain[reserved.Length] is '/' or '?' or '#'))
            {
                return $"the source '{reserved}' is the platform's own; name your system, as in '/shop'";
            }
        }

        return null;
    }
}
