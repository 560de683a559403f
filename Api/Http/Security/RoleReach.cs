namespace Workflows.Api.Http.Security;

/// <summary>How far a role or an API key reaches, as clients say it.</summary>
internal static class RoleReach
{
    /// <summary>Every object of the tenant.</summary>
    public const string All = "all";

    /// <summary>What was granted to the person, to a group of theirs, or is theirs.</summary>
    public const string Granted = "granted";

    public static string Of(bool onlyGranted) => onlyGranted ? Granted : All;

    /// <summary>Who sees only what was granted has no permission over the tenant as a whole.</summary>
    public static Checks Check(string[] permissions, bool onlyGranted, Checks checks, string field = "permissions")
    {
        for (var index = 0; onlyGranted && index < permissions.Length; index++)
        {
            if (permissions[index] is { } name
                && (Permissions.Of([name]) & ~Permissions.OfGranted) != Permission.None)
            {
                checks.Add(
                    $"{field}/{index}", "WHOLE_TENANT",
                    $"'{name}' concerns the tenant as a whole: it goes only with 'objects' all.");
            }
        }

        return checks;
    }
}
