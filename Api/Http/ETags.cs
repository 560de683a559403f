using System.Globalization;
using Workflows.Data.ControlPlane;

namespace Workflows.Api.Http;

/// <summary>Versions of rows as HTTP entity tags. A change names the version it was made on; a stale one changes nothing.</summary>
internal static class ETags
{
    public static string Of(int version) => string.Create(CultureInfo.InvariantCulture, $"\"{version}\"");

    /// <summary>Null when the request names the row's present version (or <c>*</c>: whichever there is).</summary>
    public static Problem? Check(HttpRequest request, IVersionedRow row)
    {
        string? sent = request.Headers.IfMatch;
        if (string.IsNullOrEmpty(sent))
        {
            return new Problem(Errors.PreconditionRequired);
        }

        foreach (var tag in sent.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            if (tag == "*" || tag == Of(row.Version))
            {
                return null;
            }
        }

        return new Problem(Errors.VersionConflict, $"The present version is {row.Version}.");
    }

    /// <summary>Counts the change and its time.</summary>
    public static void Touch(this IVersionedRow row, DateTimeOffset now)
    {
        row.Version++;
        row.UpdatedAt = now;
    }
}
