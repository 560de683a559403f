using Microsoft.EntityFrameworkCore;
using Workflows.Api.Http;
using Workflows.Api.Http.Security;
using Workflows.Data.Identity;

namespace Workflows.Api.Terms;

/// <summary>Who accepted which version of terms, when and from where.</summary>
internal static class AcceptanceEndpoints
{
    public static void MapAcceptances(this IEndpointRouteBuilder routes)
    {
        routes.MapPost("/terms/{termsId:guid}/accept", AcceptAsync).WithTags("Terms").Requires(Permission.None)
            .WithMetadata(new OpenBeforeTerms(), new NotRepeatable())
            .WithSummary("Accept a version of terms; a second time changes nothing");
        routes.MapGet("/terms/{termsId:guid}/acceptances", ListAsync).WithTags("Terms")
            .Requires(Permission.TermsManage)
            .WithSummary("List people of one's tenant with when they accepted the terms, or that they have not");
    }

    private static async Task<ApiResponse<AcceptanceView>> AcceptAsync(
        Guid termsId, ApiRequest request, Invalidation invalidation)
    {
        var response = await request.ChangeAsync<AcceptanceView>(async token =>
        {
            var terms = await request.VisibleTerms()
                .SingleOrDefaultAsync(row => row.Id == termsId && row.ValidFrom <= request.Now, token);
            if (terms is null)
            {
                return new Problem(Errors.TermsNotFound);
            }

            if (request.Caller.UserId is not { } me)
            {
                return new Problem(Errors.Forbidden, "Only people accept terms; an API key answers for nobody.");
            }

            var person = await request.Db.Users.AsNoTracking().SingleAsync(row => row.Id == me, token);
            var (ip, agent) = (
                request.Http.Connection.RemoteIpAddress?.ToString(), Caller.UserAgent(request.Http.Request));
            var added = await request.Db.Database.ExecuteSqlAsync(
                $"""
                 insert into terms_acceptances (tenant_id, user_id, terms_id, accepted_at, ip, user_agent)
                 values ({request.Caller.TenantId}, {me}, {termsId}, {request.Now}, {ip}, {agent})
                 on conflict do nothing
                 """, token);
            if (added > 0)
            {
                request.Record(
                    "terms.accept", "terms", termsId, terms.Title,
                    after: new { terms.Number, ofPlatform = terms.TenantId == PlatformTenant.Id });
            }

            var known = await request.Db.TermsAcceptances.AsNoTracking()
                .SingleAsync(row => row.UserId == me && row.TermsId == termsId, token);
            return new AcceptanceView(me, person.Email, person.Name, known.AcceptedAt, known.Ip);
        });
        if (request.Caller.UserId is { } user)
        {
            invalidation.Publish(Invalidated.User, request.Caller.TenantId, user);
        }

        return response;
    }

    private static async Task<ApiResponse<List<AcceptanceView>>> ListAsync(
        Guid termsId, [AsParameters] AcceptanceQuery filter, [AsParameters] PageQuery query, ApiRequest request,
        Pager pager, CancellationToken cancellationToken)
    {
        if (!await request.VisibleTerms().AnyAsync(row => row.Id == termsId, cancellationToken))
        {
            return new Problem(Errors.TermsNotFound);
        }

        var page = pager.Read<IdKey>(query, request.Caller.TenantId, $"terms/{termsId}/acceptances?{filter}");
        var accepted = request.Db.TermsAcceptances.Where(row => row.TermsId == termsId);
        var people = request.Db.Users.AsNoTracking()
            .Where(user => user.Active && !user.Email.EndsWith(PlatformTenant.OperatorDomain));
        people = filter.Accepted switch
        {
            null => people,
            true => people.Where(user => accepted.Any(row => row.UserId == user.Id)),
            false => people.Where(user => !accepted.Any(row => row.UserId == user.Id)),
        };
        var total = await people.CountAsync(query, cancellationToken);
        var rows = await people.After(page, after => user => user.Id > after.Id).OrderBy(user => user.Id)
            .Take(page.Take)
            .Select(user => new AcceptanceView(
                user.Id,
                user.Email,
                user.Name,
                accepted.Where(row => row.UserId == user.Id).Select(row => (DateTimeOffset?)row.AcceptedAt)
                    .FirstOrDefault(),
                accepted.Where(row => row.UserId == user.Id).Select(row => row.Ip).FirstOrDefault()))
            .ToListAsync(cancellationToken);
        return ApiResponse<List<AcceptanceView>>.Page(
            rows, page.Close(rows, row => new IdKey(row.UserId), total), FieldSelection.Read<AcceptanceView>(query));
    }
}
