using Microsoft.EntityFrameworkCore;
using Workflows.Api.Http;
using Workflows.Api.Http.Security;
using Workflows.Data.ControlPlane;
using Workflows.Data.Identity;

namespace Workflows.Api.Terms;

/// <summary>
/// Terms and conditions by version: a tenant's for its people, the platform's for everybody. A version that is valid
/// or accepted is not changed any more.
/// </summary>
internal static class TermsEndpoints
{
    public static void MapTerms(this IEndpointRouteBuilder routes)
    {
        var terms = routes.MapGroup("/terms").WithTags("Terms");
        terms.MapGet("", ListAsync).Requires(Permission.None).WithMetadata(new OpenBeforeTerms())
            .WithSummary("List the terms of one's tenant and of the platform, newest first");
        terms.MapGet("/{termsId:guid}", GetAsync).Requires(Permission.None).WithMetadata(new OpenBeforeTerms())
            .WithSummary("Get a version of terms");
        terms.MapPost("", CreateAsync).Requires(Permission.TermsManage).WithMetadata(new SuccessStatus(201))
            .WithSummary("Publish a version of terms, from now on or from a day to come");
        terms.MapPatch("/{termsId:guid}", UpdateAsync).Requires(Permission.TermsManage)
            .WithSummary("Change a version of terms that is not valid yet");
        terms.MapDelete("/{termsId:guid}", DeleteAsync).Requires(Permission.TermsManage)
            .WithSummary("Delete a version of terms that is not valid yet");
    }

    private static async Task<ApiResponse<List<TermsView>>> ListAsync(
        [AsParameters] TermsQuery filter, [AsParameters] PageQuery query, ApiRequest request, Pager pager,
        CancellationToken cancellationToken)
    {
        var page = pager.Read<TimeKey>(query, request.Caller.TenantId, $"terms?{filter}:{request.Caller.Id}");
        var terms = request.VisibleTerms();
        terms = filter.Current == true ? terms.Where(IsCurrent(request)) : terms;
        var total = await terms.CountAsync(query, cancellationToken);
        terms = terms.After(page, after => row =>
            row.ValidFrom < after.At || (row.ValidFrom == after.At && row.Id < after.Id));
        var rows = await Views(
            terms.OrderByDescending(row => row.ValidFrom).ThenByDescending(row => row.Id).Take(page.Take), request)
            .ToListAsync(cancellationToken);
        return ApiResponse<List<TermsView>>.Page(
            rows, page.Close(rows, row => new TimeKey(row.ValidFrom, row.Id), total),
            FieldSelection.Read<TermsView>(query));
    }

    private static async Task<ApiResponse<TermsView>> GetAsync(
        Guid termsId, ApiRequest request, CancellationToken token) =>
        await Views(request.VisibleTerms().Where(row => row.Id == termsId), request).SingleOrDefaultAsync(token)
            is { } view
            ? ApiResponse<TermsView>.Ok(view, view.Version)
            : new Problem(Errors.TermsNotFound);

    private static async Task<ApiResponse<TermsView>> CreateAsync(
        Body<CreateTermsRequest> body, ApiRequest request, Invalidation invalidation)
    {
        var wanted = body.Value;
        var validFrom = wanted.ValidFrom?.ToUniversalTime() ?? request.Now;
        if (Check(wanted.Title, wanted.Text, validFrom, request.Now) is { } problem)
        {
            return problem;
        }

        var response = await request.ChangeAsync<TermsView>(async token =>
        {
            var last = await request.Db.TermsVersions.MaxAsync(row => (int?)row.Number, token) ?? 0;
            var terms = new TermsVersion
            {
                TenantId = request.Caller.TenantId,
                Id = Guid.CreateVersion7(request.Now),
                Number = last + 1,
                Title = wanted.Title,
                Text = wanted.Text,
                Required = wanted.Required,
                ValidFrom = validFrom,
                CreatedBy = request.Caller.UserId,
                CreatedAt = request.Now,
                UpdatedAt = request.Now,
            };
            request.Db.TermsVersions.Add(terms);
            request.Record("terms.create", "terms", terms.Id, terms.Title, after: Told(terms));
            await request.Db.SaveChangesAsync(token);
            return ApiResponse<TermsView>.Created(
                await Views(request.OwnTerms(terms.Id), request).SingleAsync(token), $"/api/v1/terms/{terms.Id}",
                terms.Version);
        });
        ForgetSessions(request, invalidation);
        return response;
    }

    private static async Task<ApiResponse<TermsView>> UpdateAsync(
        Guid termsId, Body<UpdateTermsRequest> body, ApiRequest request, Invalidation invalidation)
    {
        var wanted = body.Value;
        var response = await request.ChangeAsync<TermsView>(async token =>
        {
            var (terms, problem) = await FindChangeableAsync(request, termsId, token);
            if (problem is not null)
            {
                return problem;
            }

            var before = Told(terms!);
            terms!.Title = wanted.Title ?? terms.Title;
            terms.Text = wanted.Text ?? terms.Text;
            terms.Required = wanted.Required ?? terms.Required;
            terms.ValidFrom = wanted.ValidFrom?.ToUniversalTime() ?? terms.ValidFrom;
            if (Check(terms.Title, terms.Text, terms.ValidFrom, request.Now) is { } invalid)
            {
                return invalid;
            }

            terms.Touch(request.Now);
            request.Record("terms.update", "terms", terms.Id, terms.Title, before, Told(terms));
            await request.Db.SaveChangesAsync(token);
            return ApiResponse<TermsView>.Ok(
                await Views(request.OwnTerms(termsId), request).SingleAsync(token), terms.Version);
        });
        ForgetSessions(request, invalidation);
        return response;
    }

    private static Task<ApiResponse<Done>> DeleteAsync(Guid termsId, ApiRequest request) =>
        request.ChangeAsync<Done>(async token =>
        {
            var (terms, problem) = await FindChangeableAsync(request, termsId, token);
            if (problem is not null)
            {
                return problem;
            }

            request.Db.TermsVersions.Remove(terms!);
            request.Record("terms.delete", "terms", termsId, terms!.Title, before: Told(terms));
            return new Done(termsId, "deleted");
        });

    private static async Task<(TermsVersion? Terms, Problem? Problem)> FindChangeableAsync(
        ApiRequest request, Guid termsId, CancellationToken token)
    {
        var terms = await request.Db.TermsVersions.SingleOrDefaultAsync(row => row.Id == termsId, token);
        return terms is null ? (null, new Problem(Errors.TermsNotFound))
            : request.CheckMatch(terms) is { } conflict ? (null, conflict)
            : terms.ValidFrom <= request.Now ? (null, new Problem(Errors.TermsInForce))
            : (terms, null);
    }

    // What is trusted of sessions ends at once here, and for the platform's terms within seconds everywhere.
    private static void ForgetSessions(ApiRequest request, Invalidation invalidation) =>
        invalidation.Publish(Invalidated.Tenant, request.Caller.TenantId, request.Caller.TenantId);

    private static System.Linq.Expressions.Expression<Func<TermsVersion, bool>> IsCurrent(ApiRequest request)
    {
        var all = request.Db.TermsVersions.IgnoreQueryFilters();
        return row => row.Id == all.Where(other => other.TenantId == row.TenantId && other.ValidFrom <= request.Now)
            .OrderByDescending(other => other.ValidFrom).ThenByDescending(other => other.Number)
            .Select(other => other.Id).FirstOrDefault();
    }

    private static IQueryable<TermsView> Views(IQueryable<TermsVersion> terms, ApiRequest request)
    {
        var all = request.Db.TermsVersions.IgnoreQueryFilters();
        var (me, now) = (request.Caller.UserId, request.Now);
        return terms.Select(row => new TermsView(
            row.Id,
            row.TenantId == PlatformTenant.Id ? "platform" : "tenant",
            row.Number,
            row.Title,
            row.Text,
            row.Required,
            row.ValidFrom,
            row.Id == all.Where(other => other.TenantId == row.TenantId && other.ValidFrom <= now)
                .OrderByDescending(other => other.ValidFrom).ThenByDescending(other => other.Number)
                .Select(other => other.Id).FirstOrDefault(),
            request.Db.TermsAcceptances.Where(accepted => accepted.UserId == me && accepted.TermsId == row.Id)
                .Select(accepted => (DateTimeOffset?)accepted.AcceptedAt).FirstOrDefault(),
            row.Version,
            row.CreatedAt,
            row.UpdatedAt));
    }

    private static Problem? Check(string title, string text, DateTimeOffset validFrom, DateTimeOffset now)
    {
        var checks = new Checks().Name("title", title).Text("text", text, Limits.TermsLength);
        if (string.IsNullOrWhiteSpace(text))
        {
            checks.Add("text", "EMPTY", "'text' must not be empty.");
        }

        return (validFrom < now
            ? checks.Add("validFrom", "RANGE", "Terms are valid from now on or from a day to come.")
            : checks).Problem;
    }

    private static object Told(TermsVersion row) => new { row.Number, row.Title, row.Required, row.ValidFrom };
}
