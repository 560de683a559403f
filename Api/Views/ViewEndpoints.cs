using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Mvc;
using Microsoft.EntityFrameworkCore;
using Workflows.Api.Http;
using Workflows.Api.Http.Security;
using Workflows.Data.ControlPlane;

namespace Workflows.Api.Views;

/// <param name="List">executions, workflows, approvals, events, …: one of the lists of the console.</param>
internal sealed record ViewQuery([property: FromQuery(Name = "list")] string? List);

/// <param name="Content">An object: what its program needs to show the list so again; at most 16 KiB.</param>
/// <param name="Shared">Whether everybody of the tenant sees it.</param>
internal sealed record CreateViewRequest(string List, string Name, RawJson Content, bool Shared = false);

/// <summary>What is left out stays as it is.</summary>
internal sealed record UpdateViewRequest(string? Name = null, RawJson? Content = null, bool? Shared = null);

/// <param name="Own">Whether the caller keeps it, and so may change it.</param>
internal sealed record ViewView(
    Guid Id, string List, string Name, RawJson Content, bool Shared, bool Own, Guid OwnerId, int Version,
    DateTimeOffset CreatedAt, DateTimeOffset UpdatedAt);

/// <summary>Views of lists that people keep, for themselves or for all. Of the content only its size is ours.</summary>
internal static class ViewEndpoints
{
    public static readonly string[] Lists =
    [
        "activity", "approvals", "context", "dead-letters", "events", "executions", "failures", "job-runs", "jobs",
        "rules", "schedules", "search", "workflows",
    ];

    public static void MapViews(this IEndpointRouteBuilder routes)
    {
        var views = routes.MapGroup("/views").WithTags("Views").Requires(Permission.None);
        views.MapGet("", ListAsync).WithSummary("List one's own views and those that are shared, by name");
        views.MapPost("", CreateAsync).WithMetadata(new SuccessStatus(201)).WithSummary("Keep a view of a list");
        views.MapGet("/{viewId:guid}", GetAsync).WithSummary("Get a view");
        views.MapPatch("/{viewId:guid}", UpdateAsync).WithSummary("Change a view of one's own");
        views.MapDelete("/{viewId:guid}", DeleteAsync).WithSummary("Delete a view of one's own");
    }

    private static async Task<ApiResponse<List<ViewView>>> ListAsync(
        [AsParameters] ViewQuery filter, [AsParameters] PageQuery query, ApiRequest request, Pager pager,
        CancellationToken cancellationToken)
    {
        if (filter.List is { } asked && !Lists.Contains(asked))
        {
            return Problem.Parameter("list", $"'list' is one of {string.Join(", ", Lists)}.");
        }

        var page = pager.Read<IdKey>(query, request.Caller.TenantId, $"views?{filter}:{request.Caller.Id}");
        var views = Seen(request).AsNoTracking().Where(row => filter.List == null || row.List == filter.List);
        var total = await views.CountAsync(query, cancellationToken);
        var rows = await views.After(page, after => row => row.Id > after.Id).OrderBy(row => row.Id).Take(page.Take)
            .ToListAsync(cancellationToken);
        var pagination = page.Close(rows, row => new IdKey(row.Id), total);
        return ApiResponse<List<ViewView>>.Page(
            rows.ConvertAll(row => View(row, request)), pagination, FieldSelection.Read<ViewView>(query));
    }

    private static async Task<ApiResponse<ViewView>> GetAsync(
        Guid viewId, ApiRequest request, CancellationToken cancellationToken) =>
        await Seen(request).AsNoTracking().SingleOrDefaultAsync(row => row.Id == viewId, cancellationToken) is { } row
            ? ApiResponse<ViewView>.Ok(View(row, request), row.Version)
            : new Problem(Errors.ViewNotFound);

    private static async Task<ApiResponse<ViewView>> CreateAsync(Body<CreateViewRequest> body, ApiRequest request)
    {
        var wanted = body.Value;
        if (request.Caller.UserId is not { } me)
        {
            return new Problem(Errors.Conflict, "An API key keeps no views.");
        }

        var checks = Check(new Checks(), wanted.Name, wanted.Content);
        if (!Lists.Contains(wanted.List))
        {
            checks.Add("list", "VALUE", $"'list' is one of {string.Join(", ", Lists)}.");
        }

        if (checks.Problem is { } problem)
        {
            return problem;
        }

        return await request.ChangeAsync<ViewView>(async token =>
        {
            var own = request.Db.SavedViews.Where(row => row.OwnerId == me && row.List == wanted.List);
            if (await own.CountAsync(token) >= Limits.ViewsPerList)
            {
                return new Problem(Errors.LimitReached,
                    $"A person keeps at most {Limits.ViewsPerList} views of a list.");
            }

            var made = new SavedView
            {
                TenantId = request.Caller.TenantId,
                Id = request.NewId(),
                List = wanted.List,
                Name = wanted.Name,
                OwnerId = me,
                Shared = wanted.Shared,
                Content = wanted.Content.Text!,
                CreatedAt = request.Now,
                UpdatedAt = request.Now,
            };
            request.Db.SavedViews.Add(made);
            request.Record("view.create", "view", made.Id, made.Name, after: new { made.List, made.Shared });
            return ApiResponse<ViewView>.Created(View(made, request), $"/api/v1/views/{made.Id}", made.Version);
        });
    }

    private static async Task<ApiResponse<ViewView>> UpdateAsync(
        Guid viewId, Body<UpdateViewRequest> body, ApiRequest request)
    {
        var wanted = body.Value;
        if (Check(new Checks(), wanted.Name, wanted.Content).Problem is { } problem)
        {
            return problem;
        }

        return await request.ChangeAsync<ViewView>(async token =>
        {
            if (await Seen(request).SingleOrDefaultAsync(row => row.Id == viewId, token) is not { } row)
            {
                return new Problem(Errors.ViewNotFound);
            }

            if ((NotOwn(row, request) ?? request.CheckMatch(row)) is { } refusal)
            {
                return refusal;
            }

            var before = new { row.Name, row.Shared };
            row.Name = wanted.Name ?? row.Name;
            row.Content = wanted.Content?.Text ?? row.Content;
            row.Shared = wanted.Shared ?? row.Shared;
            row.Touch(request.Now);
            request.Record("view.update", "view", row.Id, row.Name, before, new { row.Name, row.Shared });
            return ApiResponse<ViewView>.Ok(View(row, request), row.Version);
        });
    }

    private static Task<ApiResponse<Done>> DeleteAsync(Guid viewId, ApiRequest request) =>
        request.ChangeAsync<Done>(async token =>
        {
            if (await Seen(request).SingleOrDefaultAsync(row => row.Id == viewId, token) is not { } row)
            {
                return new Problem(Errors.ViewNotFound);
            }

            if (NotOwn(row, request) is { } refusal)
            {
                return refusal;
            }

            request.Db.SavedViews.Remove(row);
            request.Record("view.delete", "view", row.Id, row.Name, before: new { row.List, row.Shared });
            return new Done(row.Id, "deleted");
        });

    private static IQueryable<SavedView> Seen(ApiRequest request)
    {
        var me = request.Caller.UserId;
        return request.Db.SavedViews.Where(row => row.Shared || row.OwnerId == me);
    }

    private static Problem? NotOwn(SavedView row, ApiRequest request) => row.OwnerId == request.Caller.UserId
        ? null
        : new Problem(Errors.Forbidden, "Only who keeps a view changes it: keep a copy of your own.");

    private static Checks Check(Checks checks, string? name, RawJson? content)
    {
        checks.Name("name", name);
        if (content is { } given)
        {
            using var document = JsonDocument.Parse(given.Text ?? "null");
            if (document.RootElement.ValueKind != JsonValueKind.Object)
            {
                checks.Add("content", "TYPE", "'content' is an object.");
            }
            else if (Encoding.UTF8.GetByteCount(given.Text!) > Limits.ViewBytes)
            {
                checks.Add("content", "TOO_LONG", $"'content' has at most {Limits.ViewBytes} bytes.");
            }
        }

        return checks;
    }

    private static ViewView View(SavedView row, ApiRequest request) => new(
        row.Id, row.List, row.Name, new RawJson(row.Content), row.Shared, row.OwnerId == request.Caller.UserId,
        row.OwnerId, row.Version, row.CreatedAt, row.UpdatedAt);
}
