using Microsoft.AspNetCore.Mvc;
using Microsoft.EntityFrameworkCore;
using Workflows.Api.Http;
using Workflows.Api.Http.Security;
using Workflows.Data.ControlPlane;

namespace Workflows.Api.Mails;

/// <summary>Which mails a list shows.</summary>
internal sealed record MailListQuery([property: FromQuery(Name = "status")] string? Status);

/// <param name="Status">waiting, sent or failed.</param>
/// <param name="Error">Why it was not sent the last time.</param>
/// <param name="NextAttemptAt">Of those that wait.</param>
internal sealed record MailView(
    Guid Id,
    string Kind,
    string Recipient,
    string Subject,
    string Status,
    int Attempts,
    string? Error,
    DateTimeOffset CreatedAt,
    DateTimeOffset? NextAttemptAt,
    DateTimeOffset? SentAt,
    DateTimeOffset? FailedAt);

/// <summary>What the platform mailed, so that who waits for a mail in vain can be told why.</summary>
internal static class MailEndpoints
{
    public static void MapMails(this IEndpointRouteBuilder routes) =>
        routes.MapGet("/mails", ListAsync).WithTags("Users").Requires(Permission.UsersManage)
            .WithSummary("List mails of the last 30 days about accounts, newest first");

    private static async Task<ApiResponse<List<MailView>>> ListAsync(
        [AsParameters] MailListQuery filter, [AsParameters] PageQuery query, ApiRequest request, Pager pager,
        CancellationToken cancellationToken)
    {
        var page = pager.Read<IdKey>(query, request.Caller.TenantId, $"mails?{filter}");
        var all = request.Db.Mails.AsNoTracking();
        IQueryable<Mail>? mails = filter.Status switch
        {
            null => all,
            "waiting" => all.Where(row => row.SentAt == null && row.FailedAt == null),
            "sent" => all.Where(row => row.SentAt != null),
            "failed" => all.Where(row => row.FailedAt != null),
            _ => null,
        };
        if (mails is null)
        {
            return Problem.Parameter("status", "'status' is one of waiting, sent, failed.");
        }

        var total = await mails.CountAsync(query, cancellationToken);
        var rows = await mails.After(page, after => row => row.Id < after.Id).OrderByDescending(row => row.Id)
            .Take(page.Take)
            .Select(row => new MailView(
                row.Id,
                row.Kind,
                row.Recipient,
                row.Subject,
                row.SentAt != null ? "sent" : row.FailedAt != null ? "failed" : "waiting",
                row.Attempts,
                row.Error,
                row.CreatedAt,
                row.SentAt == null && row.FailedAt == null ? row.NotBefore : null,
                row.SentAt,
                row.FailedAt))
            .ToListAsync(cancellationToken);
        return ApiResponse<List<MailView>>.Page(
            rows, page.Close(rows, row => new IdKey(row.Id), total), FieldSelection.Read<MailView>(query));
    }
}
