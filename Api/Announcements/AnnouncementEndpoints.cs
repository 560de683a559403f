using Microsoft.AspNetCore.Mvc;
using Microsoft.EntityFrameworkCore;
using Workflows.Api.Http;
using Workflows.Api.Http.Security;
using Workflows.Data.ControlPlane;
using Workflows.Data.Identity;

namespace Workflows.Api.Announcements;

/// <param name="Level">info, success, warning or error.</param>
/// <param name="Audience">Roles and groups; nobody = all people of the tenant, and of all tenants where operators of
/// the platform announce it.</param>
/// <param name="StartsAt">Left out: now.</param>
internal sealed record CreateAnnouncementRequest(
    string Title,
    string Text = "",
    [property: OneOf(ClosedList.NoticeLevel)] string Level = "info",
    Principal[]? Audience = null,
    DateTimeOffset? StartsAt = null,
    DateTimeOffset? EndsAt = null);

/// <summary>What is left out stays as it is; an audience that is given replaces all of it.</summary>
internal sealed record UpdateAnnouncementRequest(
    string? Title = null,
    string? Text = null,
    [property: OneOf(ClosedList.NoticeLevel)] string? Level = null,
    Principal[]? Audience = null,
    DateTimeOffset? StartsAt = null,
    DateTimeOffset? EndsAt = null);

/// <param name="By">tenant or platform.</param>
/// <param name="ReadAt">When the caller read it; null = not yet.</param>
internal sealed record AnnouncementView(
    Guid Id,
    string By,
    string Title,
    string Text,
    [property: OneOf(ClosedList.NoticeLevel)] string Level,
    IReadOnlyList<Principal> Audience,
    DateTimeOffset StartsAt,
    DateTimeOffset? EndsAt,
    DateTimeOffset? ReadAt,
    int Version,
    DateTimeOffset CreatedAt,
    DateTimeOffset UpdatedAt);

/// <param name="Unread">Only those that the caller has not read.</param>
internal sealed record AnnouncementQuery([property: FromQuery(Name = "unread")] bool? Unread);

/// <param name="State">due, planned or over.</param>
internal sealed record AllAnnouncementsQuery([property: FromQuery(Name = "state")] string? State);

/// <summary>What people are told for a while: by their tenant, or by the platform to everybody.</summary>
internal static class AnnouncementEndpoints
{
    private static readonly string[] Levels = ["info", "success", "warning", "error"];
    private static readonly string[] Kinds = ["role", "group"];

    public static void MapAnnouncements(this IEndpointRouteBuilder routes)
    {
        var announcements = routes.MapGroup("/announcements").WithTags("Announcements");
        announcements.MapGet("", ListDueAsync).Requires(Permission.None)
            .WithSummary("List what is announced to the caller now, newest first");
        announcements.MapGet("/all", ListAllAsync).Requires(Permission.AnnouncementsManage)
            .WithSummary("List all announcements of one's tenant, also those to come and those that are over");
        announcements.MapGet("/{announcementId:guid}", GetAsync).Requires(Permission.None)
            .WithSummary("Get an announcement");
        announcements.MapPost("", CreateAsync).Requires(Permission.AnnouncementsManage)
            .WithMetadata(new SuccessStatus(201)).WithSummary("Announce something to people of one's tenant");
        announcements.MapPatch("/{announcementId:guid}", UpdateAsync).Requires(Permission.AnnouncementsManage)
            .WithSummary("Change an announcement");
        announcements.MapDelete("/{announcementId:guid}", DeleteAsync).Requires(Permission.AnnouncementsManage)
            .WithSummary("Take an announcement back");
        announcements.MapPost("/{announcementId:guid}/read", MarkAsync).Requires(Permission.None)
            .WithMetadata(new NotRepeatable()).WithSummary("Mark an announcement as read");
    }

    private static async Task<ApiResponse<List<AnnouncementView>>> ListDueAsync(
        [AsParameters] AnnouncementQuery filter, [AsParameters] PageQuery query, ApiRequest request, Pager pager,
        CancellationToken cancellationToken)
    {
        var page = pager.Read<IdKey>(query, request.Caller.TenantId, $"announcements?{filter}:{request.Caller.Id}");
        var due = await DueAsync(request, cancellationToken);
        var me = request.Caller.UserId;
        due = filter.Unread == true
            ? due.Where(row => !request.Db.AnnouncementReads.Any(
                read => read.UserId == me && read.AnnouncementId == row.Id))
            : due;
        return await PageAsync(due, page, query, request, cancellationToken);
    }

    private static async Task<ApiResponse<List<AnnouncementView>>> ListAllAsync(
        [AsParameters] AllAnnouncementsQuery filter, [AsParameters] PageQuery query, ApiRequest request, Pager pager,
        CancellationToken cancellationToken)
    {
        var now = request.Now;
        var all = request.Db.Announcements.AsNoTracking();
        IQueryable<Announcement>? wanted = filter.State switch
        {
            null => all,
            "due" => all.Where(row => row.StartsAt <= now && (row.EndsAt == null || row.EndsAt > now)),
            "planned" => all.Where(row => row.StartsAt > now),
            "over" => all.Where(row => row.EndsAt <= now),
            _ => null,
        };
        return wanted is null
            ? Problem.Parameter("state", "'state' is one of due, planned, over.")
            : await PageAsync(
                wanted, pager.Read<IdKey>(query, request.Caller.TenantId, $"announcements/all?{filter}"), query,
                request, cancellationToken);
    }

    private static async Task<ApiResponse<AnnouncementView>> GetAsync(
        Guid announcementId, ApiRequest request, CancellationToken token)
    {
        var visible = request.Caller.May(Permission.AnnouncementsManage)
            && await request.Db.Announcements.AnyAsync(row => row.Id == announcementId, token)
            ? request.Db.Announcements.AsNoTracking()
            : await DueAsync(request, token);
        return await visible.SingleOrDefaultAsync(row => row.Id == announcementId, token) is { } announcement
            ? ApiResponse<AnnouncementView>.Ok(
                (await ViewsAsync(request, [announcement], token))[0], announcement.Version)
            : new Problem(Errors.AnnouncementNotFound);
    }

    private static Task<ApiResponse<AnnouncementView>> CreateAsync(
        Body<CreateAnnouncementRequest> body, ApiRequest request) =>
        request.ChangeAsync<AnnouncementView>(async token =>
        {
            var wanted = body.Value;
            var announcement = new Announcement
            {
                TenantId = request.Caller.TenantId,
                Id = Guid.CreateVersion7(request.Now),
                Title = wanted.Title,
                Text = wanted.Text,
                Level = wanted.Level,
                StartsAt = wanted.StartsAt?.ToUniversalTime() ?? request.Now,
                EndsAt = wanted.EndsAt?.ToUniversalTime(),
                CreatedBy = request.Caller.UserId,
                CreatedAt = request.Now,
                UpdatedAt = request.Now,
            };
            if (await ApplyAsync(request, announcement, wanted.Audience ?? [], token) is { } problem)
            {
                return problem;
            }

            request.Db.Announcements.Add(announcement);
            request.Record(
                "announcement.create", "announcement", announcement.Id, announcement.Title,
                after: Told(announcement));
            return ApiResponse<AnnouncementView>.Created(
                View(announcement, null), $"/api/v1/announcements/{announcement.Id}", announcement.Version);
        });

    private static Task<ApiResponse<AnnouncementView>> UpdateAsync(
        Guid announcementId, Body<UpdateAnnouncementRequest> body, ApiRequest request) =>
        request.ChangeAsync<AnnouncementView>(async token =>
        {
            var wanted = body.Value;
            var announcement = await request.Db.Announcements.SingleOrDefaultAsync(
                row => row.Id == announcementId, token);
            if (announcement is null)
            {
                return new Problem(Errors.AnnouncementNotFound);
            }

            if (request.CheckMatch(announcement) is { } conflict)
            {
                return conflict;
            }

            var before = Told(announcement);
            announcement.Title = wanted.Title ?? announcement.Title;
            announcement.Text = wanted.Text ?? announcement.Text;
            announcement.Level = wanted.Level ?? announcement.Level;
            announcement.StartsAt = wanted.StartsAt?.ToUniversalTime() ?? announcement.StartsAt;
            announcement.EndsAt = wanted.EndsAt?.ToUniversalTime() ?? announcement.EndsAt;
            if (await ApplyAsync(request, announcement, wanted.Audience, token) is { } problem)
            {
                return problem;
            }

            announcement.Touch(request.Now);
            request.Record(
                "announcement.update", "announcement", announcementId, announcement.Title, before,
                Told(announcement));
            return ApiResponse<AnnouncementView>.Ok(
                (await ViewsAsync(request, [announcement], token))[0], announcement.Version);
        });

    private static Task<ApiResponse<Done>> DeleteAsync(Guid announcementId, ApiRequest request) =>
        request.ChangeAsync<Done>(async token =>
        {
            var announcement = await request.Db.Announcements.SingleOrDefaultAsync(
                row => row.Id == announcementId, token);
            if (announcement is null)
            {
                return new Problem(Errors.AnnouncementNotFound);
            }

            if (request.CheckMatch(announcement) is { } conflict)
            {
                return conflict;
            }

            request.Db.Announcements.Remove(announcement);
            request.Record(
                "announcement.delete", "announcement", announcementId, announcement.Title,
                before: Told(announcement));
            return new Done(announcementId, "deleted");
        });

    private static Task<ApiResponse<Done>> MarkAsync(Guid announcementId, ApiRequest request) =>
        request.ChangeAsync<Done>(async token =>
        {
            if (!await (await DueAsync(request, token)).AnyAsync(row => row.Id == announcementId, token))
            {
                return new Problem(Errors.AnnouncementNotFound);
            }

            if (request.Caller.UserId is not { } me)
            {
                return new Problem(Errors.Forbidden, "Only people read announcements.");
            }

            await request.Db.Database.ExecuteSqlAsync(
                $"""
                 insert into announcement_reads (tenant_id, user_id, announcement_id, read_at)
                 values ({request.Caller.TenantId}, {me}, {announcementId}, {request.Now}) on conflict do nothing
                 """, token);
            return new Done(announcementId, "read");
        });

    // What is addressed to roles or groups is due to those who have one of them. The database shows of the platform's
    // only what is due.
    private static async Task<IQueryable<Announcement>> DueAsync(ApiRequest request, CancellationToken token)
    {
        var (me, own, now) = (request.Caller.UserId, request.Caller.TenantId, request.Now);
        var mine = me is null ? [] : await request.Db.UserGroups.Where(row => row.UserId == me)
            .Select(row => row.GroupId)
            .Concat(request.Db.UserRoles.Where(row => row.UserId == me).Select(row => row.RoleId))
            .ToArrayAsync(token);
        return request.Db.Announcements.IgnoreQueryFilters().AsNoTracking().Where(row =>
            (row.TenantId == own || row.TenantId == PlatformTenant.Id)
            && row.StartsAt <= now && (row.EndsAt == null || row.EndsAt > now)
            && (row.AudienceIds.Length == 0 || row.AudienceIds.Any(id => mine.Contains(id))));
    }

    private static async Task<ApiResponse<List<AnnouncementView>>> PageAsync(
        IQueryable<Announcement> announcements, PageRequest<IdKey> page, PageQuery query, ApiRequest request,
        CancellationToken token)
    {
        var total = await announcements.CountAsync(query, token);
        var rows = await announcements.After(page, after => row => row.Id < after.Id)
            .OrderByDescending(row => row.Id).Take(page.Take).ToListAsync(token);
        var pagination = page.Close(rows, row => new IdKey(row.Id), total);
        return ApiResponse<List<AnnouncementView>>.Page(
            await ViewsAsync(request, rows, token), pagination, FieldSelection.Read<AnnouncementView>(query));
    }

    private static async Task<List<AnnouncementView>> ViewsAsync(
        ApiRequest request, List<Announcement> rows, CancellationToken token)
    {
        var ids = rows.ConvertAll(row => row.Id);
        var me = request.Caller.UserId;
        var read = await request.Db.AnnouncementReads.AsNoTracking()
            .Where(row => row.UserId == me && ids.Contains(row.AnnouncementId))
            .ToDictionaryAsync(row => row.AnnouncementId, row => row.ReadAt, token);
        return rows.ConvertAll(row => View(row, read.TryGetValue(row.Id, out var at) ? at : null));
    }

    private static async Task<Problem?> ApplyAsync(
        ApiRequest request, Announcement announcement, Principal[]? audience, CancellationToken token)
    {
        var checks = new Checks().Name("title", announcement.Title)
            .Text("text", announcement.Text, Limits.TermsLength);
        if (!Levels.Contains(announcement.Level))
        {
            checks.Add("level", "UNKNOWN", $"'level' is one of {string.Join(", ", Levels)}.");
        }

        if (announcement.EndsAt <= announcement.StartsAt)
        {
            checks.Add("endsAt", "ORDER", "'endsAt' comes after 'startsAt'.");
        }

        if (checks.Problem is not null || audience is null)
        {
            return checks.Problem;
        }

        if (audience.Length > 0 && request.Caller.TenantId == PlatformTenant.Id)
        {
            return Problem.Invalid("/audience", "What the platform announces is for everybody.", "AUDIENCE");
        }

        if (await request.Db.CheckPrincipalsAsync("audience", audience, Kinds, token) is { } unknown)
        {
            return unknown;
        }

        announcement.AudienceKinds = [.. audience.Select(principal => principal.Kind)];
        announcement.AudienceIds = [.. audience.Select(principal => principal.Id)];
        return null;
    }

    private static object Told(Announcement row) =>
        new { row.Title, row.Level, row.StartsAt, row.EndsAt, audience = row.AudienceIds };

    private static AnnouncementView View(Announcement row, DateTimeOffset? readAt) => new(
        row.Id, row.TenantId == PlatformTenant.Id ? "platform" : "tenant", row.Title, row.Text, row.Level,
        Principal.Of(row.AudienceKinds, row.AudienceIds), row.StartsAt, row.EndsAt, readAt, row.Version,
        row.CreatedAt, row.UpdatedAt);
}
