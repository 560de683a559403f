using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Mvc;
using Microsoft.EntityFrameworkCore;
using Workflows.Api.Http.Security;
using Workflows.Data.ControlPlane;

namespace Workflows.Api.Http;

/// <summary>Whose the items of a list are.</summary>
internal sealed record OwnerQuery(
    [property: FromQuery(Name = "ownerId")] Guid? OwnerId, [property: FromQuery(Name = "createdBy")] Guid? CreatedBy);

/// <summary>Who answers for workspaces, folders, jobs and workflows, and who made and changed them. API keys are
/// nobody here.</summary>
internal static class Ownership
{
    /// <summary>Whoever creates it owns it, until somebody else is named.</summary>
    public static void Own(this ApiRequest request, IOwnedRow row) =>
        row.OwnerId = row.CreatedBy = row.UpdatedBy = request.Caller.UserId;

    /// <summary>Counts the change, its time and who made it.</summary>
    public static void Touch(this ApiRequest request, IOwnedRow row)
    {
        row.Touch(request.Now);
        row.UpdatedBy = request.Caller.UserId;
    }

    /// <summary>Names another owner, if one is given.</summary>
    /// <returns>The problem when the tenant has no such active user.</returns>
    public static async Task<Problem?> SetOwnerAsync(
        this ApiRequest request, IOwnedRow row, Guid? ownerId, CancellationToken token)
    {
        if (ownerId is null || ownerId == row.OwnerId)
        {
            return null;
        }

        if (await request.RefusesAsync(row.Kind(), row.Id, ObjectLevel.Admin, token) is { } refusal)
        {
            return refusal;
        }

        if (!await request.Db.Users.AnyAsync(user => user.Id == ownerId && user.Active, token))
        {
            return Problem.Invalid("/ownerId", "There is no such active user.", "UNKNOWN");
        }

        row.OwnerId = ownerId;
        return null;
    }

    /// <summary>What kind of object of the hierarchy it is: workspace, folder, job or workflow.</summary>
    public static string Kind(this IOwnedRow row) => row switch
    {
        Workspace => "workspace",
        Folder => "folder",
        Job => "job",
        Workflow => "workflow",
        _ => throw new InvalidOperationException($"{row.GetType().Name} is no object of the hierarchy."),
    };

    public static IQueryable<T> Of<T>(this IQueryable<T> rows, OwnerQuery filter)
        where T : class, IOwnedRow
    {
        rows = filter.OwnerId is { } owner ? rows.Where(row => row.OwnerId == owner) : rows;
        return filter.CreatedBy is { } creator ? rows.Where(row => row.CreatedBy == creator) : rows;
    }

    /// <summary>An object that clients keep with a workspace or job: of a bounded size.</summary>
    public static Checks Settings(this Checks checks, string field, JsonElement? value) => value switch
    {
        null => checks,
        { ValueKind: not JsonValueKind.Object } => checks.Add(field, "TYPE", $"'{field}' must be an object."),
        { } json when Encoding.UTF8.GetByteCount(json.GetRawText()) > Limits.SettingsBytes =>
            checks.Add(field, "TOO_LARGE", $"'{field}' has at most {Limits.SettingsBytes} bytes."),
        _ => checks,
    };
}
