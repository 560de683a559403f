using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Mvc;
using Microsoft.EntityFrameworkCore;
using Workflows.Api.Http;
using Workflows.Api.Http.Security;
using Workflows.Data.ControlPlane;

namespace Workflows.Api.Context;

/// <param name="Scope">tenant, workspace, workflow or execution.</param>
/// <param name="ScopeId">Which workspace, workflow or execution; left out for the tenant.</param>
/// <param name="Prefix">What keys begin with.</param>
internal sealed record ContextQuery(
    [property: FromQuery(Name = "scope")] string? Scope,
    [property: FromQuery(Name = "scope_id")] Guid? ScopeId,
    [property: FromQuery(Name = "prefix")] string? Prefix);

internal sealed record CreateContextEntryRequest(string Key, JsonElement Value, string Scope = "tenant", Guid? ScopeId = null, DateTimeOffset? ExpiresAt = null);

internal sealed record UpdateContextEntryRequest(JsonElement? Value = null, DateTimeOffset? ExpiresAt = null);

internal sealed record ContextEntryView(
    Guid Id, string Scope, Guid ScopeId, string Key, RawJson Value, int Version, DateTimeOffset? ExpiresAt, DateTimeOffset CreatedAt, DateTimeOffset UpdatedAt);

/// <summary>The context store as people see it. Executions change it with <c>store</c> nodes.</summary>
internal static class ContextEndpoints
{
    private static readonly string[] Scopes = ["tenant", "workspace", "workflow", "execution"];

    public static void MapContext(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/context").WithTags("Context");
        group.MapGet("", ListAsync).Requires(Permission.ContextRead).WithSummary("List context entries of one scope, by key");
        group.MapPost("", CreateAsync).Requires(Permission.ContextWrite).WithMetadata(new SuccessStatus(201)).WithSummary("Create a context entry");
        group.MapGet("/{entryId:guid}", GetAsync).Requires(Permission.ContextRead).WithSummary("Get a context entry");
        group.MapPatch("/{entryId:guid}", UpdateAsync).Requires(Permission.ContextWrite).WithSummary("Change a context entry");
        group.MapDelete("/{entryId:guid}", DeleteAsync).Requires(Permission.ContextWrite).WithSummary("Delete a context entry");
    }

    private static async Task<ApiResponse<List<ContextEntryView>>> ListAsync(
        [AsParameters] ContextQuery filter, [AsParameters] PageQuery query, ApiRequest request, Pager pager, CancellationToken cancellationToken)
    {
        var scope = filter.Scope ?? "tenant";
        if (!Scopes.Contains(scope))
        {
            return Problem.Parameter("scope", $"'scope' is one of {string.Join(", ", Scopes)}.");
        }

        if (scope != "tenant" && filter.ScopeId is null)
        {
            return Problem.Parameter("scope_id", $"'scope_id' says which {scope}.");
        }

        var scopeId = scope == "tenant" ? request.Caller.TenantId : filter.ScopeId!.Value;
        var page = pager.Read<TextKey>(query, request.Caller.TenantId, $"context?{filter}");
        var entries = request.Db.ContextEntries.AsNoTracking().Where(row => row.Scope == scope && row.ScopeId == scopeId
            && (row.ExpiresAt == null || row.ExpiresAt > request.Now) && (filter.Prefix == null || row.Key.StartsWith(filter.Prefix)));
        var total = await entries.CountAsync(query, cancellationToken);
        var rows = await entries
            .After(page, after => row => EF.Functions.GreaterThan(ValueTuple.Create(row.Key, row.Id), ValueTuple.Create(after.Text, after.Id)))
            .OrderBy(row => row.Key).ThenBy(row => row.Id).Take(page.Take).ToListAsync(cancellationToken);
        var pagination = page.Close(rows, row => new TextKey(row.Key, row.Id), total);
        return ApiResponse<List<ContextEntryView>>.Page([.. rows.Select(View)], pagination, FieldSelection.Read<ContextEntryView>(query));
    }

    private static async Task<ApiResponse<ContextEntryView>> GetAsync(Guid entryId, ApiRequest request, CancellationToken cancellationToken) =>
        await Living(request).AsNoTracking().SingleOrDefaultAsync(row => row.Id == entryId, cancellationToken) is { } entry
            ? ApiResponse<ContextEntryView>.Ok(View(entry), entry.Version)
            : new Problem(Errors.ContextEntryNotFound);

    private static async Task<ApiResponse<ContextEntryView>> CreateAsync(Body<CreateContextEntryRequest> body, ApiRequest request)
    {
        var wanted = body.Value;
        var checks = Check(wanted.Value, wanted.ExpiresAt, request).Name("key", wanted.Key, Engine.Limits.ContextKeyLength);
        if (!Scopes.Contains(wanted.Scope))
        {
            checks.Add("scope", "UNKNOWN", $"'scope' is one of {string.Join(", ", Scopes)}.");
        }

        if ((wanted.Scope == "tenant") != wanted.ScopeId is null)
        {
            checks.Add("scopeId", "SCOPE", "'scopeId' names the workspace, workflow or execution, and is left out for the tenant.");
        }

        if (checks.Problem is { } problem)
        {
            return problem;
        }

        var scopeId = wanted.ScopeId ?? request.Caller.TenantId;
        return await request.ChangeAsync<ContextEntryView>(async token =>
        {
            if (!await ExistsAsync(request, wanted.Scope, scopeId, token))
            {
                return Problem.Invalid("/scopeId", $"There is no such {wanted.Scope}.", "UNKNOWN");
            }

            // What is past its time makes room, as it does for executions.
            await request.Db.ContextEntries.Where(row => row.Scope == wanted.Scope && row.ScopeId == scopeId && row.Key == wanted.Key && row.ExpiresAt <= request.Now)
                .ExecuteDeleteAsync(token);
            var entry = new ContextEntry
            {
                TenantId = request.Caller.TenantId,
                Id = Guid.CreateVersion7(request.Now),
                Scope = wanted.Scope,
                ScopeId = scopeId,
                Key = wanted.Key,
                Value = wanted.Value.GetRawText(),
                ExpiresAt = wanted.ExpiresAt?.ToUniversalTime(),
                CreatedAt = request.Now,
                UpdatedAt = request.Now,
            };
            request.Db.ContextEntries.Add(entry);
            request.Record("context.create", "context_entry", entry.Id, entry.Key, after: wanted);
            return ApiResponse<ContextEntryView>.Created(View(entry), $"/api/v1/context/{entry.Id}", entry.Version);
        });
    }

    private static async Task<ApiResponse<ContextEntryView>> UpdateAsync(Guid entryId, Body<UpdateContextEntryRequest> body, ApiRequest request)
    {
        var (value, expiresAt) = body.Value;
        if (Check(value, expiresAt, request).Problem is { } problem)
        {
            return problem;
        }

        return await request.ChangeAsync<ContextEntryView>(async token =>
        {
            var entry = await Living(request).SingleOrDefaultAsync(row => row.Id == entryId, token);
            if (entry is null)
            {
                return new Problem(Errors.ContextEntryNotFound);
            }

            if (request.CheckMatch(entry) is { } conflict)
            {
                return conflict;
            }

            var before = new { Value = new RawJson(entry.Value), entry.ExpiresAt };
            entry.Value = value?.GetRawText() ?? entry.Value;
            entry.ExpiresAt = expiresAt?.ToUniversalTime() ?? entry.ExpiresAt;
            entry.Touch(request.Now);
            request.Record("context.update", "context_entry", entry.Id, entry.Key, before, new { Value = new RawJson(entry.Value), entry.ExpiresAt });
            return ApiResponse<ContextEntryView>.Ok(View(entry), entry.Version);
        });
    }

    private static Task<ApiResponse<Done>> DeleteAsync(Guid entryId, ApiRequest request) => request.ChangeAsync<Done>(async token =>
    {
        var entry = await Living(request).SingleOrDefaultAsync(row => row.Id == entryId, token);
        if (entry is null)
        {
            return new Problem(Errors.ContextEntryNotFound);
        }

        if (request.CheckMatch(entry) is { } conflict)
        {
            return conflict;
        }

        request.Db.ContextEntries.Remove(entry);
        request.Record("context.delete", "context_entry", entry.Id, entry.Key, new { Value = new RawJson(entry.Value) });
        return new Done(entry.Id, "deleted");
    });

    private static Task<bool> ExistsAsync(ApiRequest request, string scope, Guid id, CancellationToken token) => scope switch
    {
        "workspace" => request.Db.Workspaces.AnyAsync(row => row.Id == id, token),
        "workflow" => request.Db.Workflows.AnyAsync(row => row.Id == id, token),
        "execution" => request.Db.Executions.AnyAsync(row => row.Id == id, token),
        _ => Task.FromResult(true),
    };

    private static IQueryable<ContextEntry> Living(ApiRequest request) =>
        request.Db.ContextEntries.Where(row => row.ExpiresAt == null || row.ExpiresAt > request.Now);

    private static Checks Check(JsonElement? value, DateTimeOffset? expiresAt, ApiRequest request)
    {
        var checks = new Checks();
        if (value is { } json && Encoding.UTF8.GetByteCount(json.GetRawText()) > Data.Limits.ContextValueBytes)
        {
            checks.Add("value", "TOO_LARGE", $"A context entry has at most {Data.Limits.ContextValueBytes} bytes.");
        }

        return expiresAt <= request.Now ? checks.Add("expiresAt", "PAST", "The expiry lies in the past.") : checks;
    }

    private static ContextEntryView View(ContextEntry row) => new(
        row.Id, row.Scope, row.ScopeId, row.Key, new RawJson(row.Value), row.Version, row.ExpiresAt, row.CreatedAt, row.UpdatedAt);
}
