using Microsoft.AspNetCore.Mvc;
using Microsoft.EntityFrameworkCore;
using Workflows.Api.Http;
using Workflows.Api.Http.Security;
using Workflows.Data.Identity;

namespace Workflows.Api.Users;

/// <param name="Text">Begins a name, a user name or a word of a name, in capital letters or not; all when left out.
/// </param>
/// <param name="Kind">user or group; both when left out.</param>
/// <param name="Id">Only the person or group of this id, for whoever has to name them; all when left out.</param>
internal sealed record DirectoryQuery(
    [property: FromQuery(Name = "q")] string? Text, [property: FromQuery(Name = "kind")] string? Kind,
    [property: FromQuery(Name = "id")] Guid? Id);

/// <param name="Kind">user or group.</param>
/// <param name="Username">Of a user.</param>
internal sealed record DirectoryEntry(string Kind, Guid Id, string Name, string? Username, string? PhotoUrl);

/// <summary>
/// Who is here: names only, for whoever has to choose a person or a group. Mail addresses, roles and members need
/// users.read.
/// </summary>
internal static class DirectoryEndpoints
{
    public static void MapDirectory(this IEndpointRouteBuilder routes) =>
        routes.MapGet("/directory", FindAsync).WithTags("Users").Requires(Permission.None)
            .WithSummary("Find people and groups of the tenant by name, at most 20");

    private static async Task<ApiResponse<List<DirectoryEntry>>> FindAsync(
        [AsParameters] DirectoryQuery query, ApiRequest request, CancellationToken cancellationToken)
    {
        if (query.Text is { Length: > Limits.NameLength })
        {
            return Problem.Parameter("q", $"'q' has at most {Limits.NameLength} characters.");
        }

        if (query.Kind is not (null or "user" or "group"))
        {
            return Problem.Parameter("kind", "'kind' is user or group.");
        }

        var text = (query.Text ?? "").Trim();
        var (begins, within) = ($"{Escaped(text)}%", $"% {Escaped(text)}%");
        var found = new List<DirectoryEntry>();
        if (query.Kind != "group")
        {
            found.AddRange(await request.Db.Users.AsNoTracking()
                .Where(row => row.Active && !row.Email.EndsWith(PlatformTenant.OperatorDomain))
                .Where(row => query.Id == null || row.Id == query.Id)
                .Where(row => EF.Functions.ILike(row.Name, begins, @"\")
                    || EF.Functions.ILike(row.Name, within, @"\") || EF.Functions.ILike(row.Username, begins, @"\"))
                .OrderBy(row => row.Name).ThenBy(row => row.Id).Take(Limits.DirectoryEntries)
                .Select(row => new DirectoryEntry("user", row.Id, row.Name, row.Username, row.PhotoUrl))
                .ToListAsync(cancellationToken));
        }

        if (query.Kind != "user")
        {
            found.AddRange(await request.Db.Groups.AsNoTracking()
                .Where(row => query.Id == null || row.Id == query.Id)
                .Where(row => EF.Functions.ILike(row.Name, begins, @"\") || EF.Functions.ILike(row.Name, within, @"\"))
                .OrderBy(row => row.Name).ThenBy(row => row.Id).Take(Limits.DirectoryEntries)
                .Select(row => new DirectoryEntry("group", row.Id, row.Name, null, null))
                .ToListAsync(cancellationToken));
        }

        return found.OrderBy(entry => entry.Name, StringComparer.OrdinalIgnoreCase)
            .Take(Limits.DirectoryEntries).ToList();
    }

    private static string Escaped(string text) => text.Replace(@"\", @"\\", StringComparison.Ordinal)
        .Replace("%", @"\%", StringComparison.Ordinal).Replace("_", @"\_", StringComparison.Ordinal);
}
