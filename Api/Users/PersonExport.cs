using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Workflows.Api.Http;
using Workflows.Api.Http.Security;
using Workflows.Data.ControlPlane;

namespace Workflows.Api.Users;

/// <summary>
/// All that is kept about a person, as one JSON document that is written while it is read: of a deleted person, too, as
/// long as nothing is erased. That it was made is in the activity.
/// </summary>
internal static class PersonExport
{
    private const int RowsPerRead = 500;

    public static async Task<IResult> ExportAsync(
        Guid userId, ApiRequest request, CancellationToken cancellationToken)
    {
        var response = await request.ChangeAsync<Done>(async token =>
        {
            var user = await request.Db.Users.IgnoreQueryFilters().AsNoTracking().Include(row => row.Roles)
                .ThenInclude(row => row.Role)
                .SingleOrDefaultAsync(row => row.TenantId == request.Caller.TenantId && row.Id == userId, token);
            if (user is null)
            {
                return new Problem(Errors.UserNotFound);
            }

            if (UserRights.Check(request.Caller, user) is { } refusal)
            {
                return refusal;
            }

            request.Record("user.export", "user", user.Id, user.DeletedAt is null ? user.Email : user.Name);
            return new Done(user.Id, "exported");
        });
        return response.Problem is { } problem
            ? problem
            : new Document(userId, request, cancellationToken);
    }

    private sealed class Document(Guid userId, ApiRequest request, CancellationToken cancellationToken) : IResult
    {
        private readonly WorkflowsDbContext _db = request.Db;

        public async Task ExecuteAsync(HttpContext httpContext)
        {
            var response = httpContext.Response;
            response.ContentType = Envelope.MediaType;
            response.Headers.CacheControl = "no-store";
            response.Headers.ContentDisposition = $"attachment; filename=\"person-{userId:N}.json\"";
            await using var writer = Envelope.Writer(response);
            writer.WriteStartObject();
            writer.WriteString("exportedAt"u8, request.Now);
            writer.WritePropertyName("user"u8);
            JsonSerializer.Serialize(writer, await UserAsync(), Envelope.Json);
            await WriteListAsync(writer, "roles", _db.UserRoles.Where(row => row.UserId == userId)
                .Select(row => row.Role!.Name));
            await WriteListAsync(writer, "groups", _db.Groups
                .Where(row => _db.UserGroups.Any(member => member.UserId == userId && member.GroupId == row.Id))
                .Select(row => row.Name));
            await WriteListAsync(writer, "permissions", _db.ObjectPermissions.Where(row => row.UserId == userId)
                .OrderBy(row => row.Id).Select(row => new
                {
                    row.Id, row.ObjectType, row.ObjectId, row.Level, row.GrantedBy, row.GrantedAt, row.ExpiresAt,
                }));
            await WriteListAsync(writer, "sessions", _db.Sessions.Where(row => row.UserId == userId)
                .OrderBy(row => row.Id).Select(row => new
                {
                    row.Id, row.Ip, row.UserAgent, row.CreatedAt, row.RefreshedAt, row.ExpiresAt, row.RevokedAt,
                    row.RevokeReason,
                }));
            await WriteListAsync(writer, "identities", _db.UserIdentities.Where(row => row.UserId == userId)
                .OrderBy(row => row.CreatedAt).Select(row => new
                {
                    row.ProviderId, row.Subject, row.Email, row.CreatedAt, row.LastLoginAt,
                }));
            await WriteListAsync(writer, "apiKeys", _db.ApiKeys.Where(row => row.CreatedBy == userId)
                .OrderBy(row => row.Id).Select(row => new
                {
                    row.Id, row.Name, row.Prefix, row.Scopes, row.CreatedAt, row.ExpiresAt, row.LastUsedAt,
                    row.RevokedAt,
                }));
            await WriteListAsync(writer, "termsAcceptances", _db.TermsAcceptances.Where(row => row.UserId == userId)
                .OrderBy(row => row.TermsId)
                .Select(row => new { row.TermsId, row.AcceptedAt, row.Ip, row.UserAgent }));
            await WriteListAsync(writer, "tickets", _db.Tickets.Where(row => row.CreatedBy == userId)
                .OrderBy(row => row.Id)
                .Select(row => new { row.Id, row.Title, row.Text, row.Status, row.CreatedAt }));
            await WriteListAsync(writer, "substitutions", _db.Substitutions
                .Where(row => row.UserId == userId || row.SubstituteId == userId).OrderBy(row => row.Id)
                .Select(row => new { row.Id, row.UserId, row.SubstituteId, row.StartsAt, row.EndsAt }));
            await WriteListAsync(writer, "notifications", _db.Notifications.Where(row => row.UserId == userId)
                .OrderBy(row => row.Id)
                .Select(row => new { row.Id, row.Kind, row.Title, row.Body, row.Link, row.CreatedAt, row.ReadAt }));
            await WriteOwnAsync(writer);
            await WriteListAsync(writer, "transactions", _db.EditTransactions
                .Where(row => row.HolderType == "user" && row.HolderId == userId).OrderBy(row => row.Id)
                .Select(row => new { row.Id, row.State, row.Comment, row.CreatedAt, row.ExpiresAt, row.EndedAt }));
            await WriteListAsync(writer, "decisions", _db.DecisionsOf(userId));
            await WriteListAsync(writer, "comments", _db.CommentsOf(userId));
            await WriteActivityAsync(writer);
            writer.WriteEndObject();
            await FlushAsync(writer, response);
        }

        private async Task WriteOwnAsync(Utf8JsonWriter writer)
        {
            await WriteListAsync(writer, "workingCopies", _db.WorkingCopies.Where(row => row.UserId == userId)
                .OrderBy(row => row.WorkflowId)
                .Select(row => new { row.WorkflowId, row.Definition, row.BaseVersion, row.CreatedAt, row.UpdatedAt }));
            await WriteListAsync(writer, "subscriptions", _db.Subscriptions.Where(row => row.UserId == userId)
                .OrderBy(row => row.Id)
                .Select(row => new { row.Id, row.ObjectType, row.ObjectId, row.Events, row.Channels, row.CreatedAt }));
            await WriteListAsync(writer, "notificationSettings", _db.NotificationSettings
                .Where(row => row.UserId == userId)
                .Select(row => new { row.QuietFrom, row.QuietTo, row.TimeZone, row.Digest }));
            await WriteListAsync(writer, "deliveries", _db.Deliveries.Where(row => row.UserId == userId)
                .OrderBy(row => row.Id)
                .Select(row => new { row.Id, row.Channel, row.Event, row.Title, row.Status, row.CreatedAt }));
        }

        private Task<object> UserAsync() => _db.Users.IgnoreQueryFilters().AsNoTracking()
            .Where(row => row.TenantId == request.Caller.TenantId && row.Id == userId)
            .Select(row => (object)new
            {
                row.Id, row.Email, row.EmailVerified, row.Username, row.Name, row.PhotoUrl, row.TimeZone,
                Settings = new RawJson(row.Settings), row.Active, row.LastLoginAt, row.CreatedAt, row.UpdatedAt,
                row.DeletedAt,
            }).SingleAsync(cancellationToken);

        private async Task WriteListAsync<T>(Utf8JsonWriter writer, string name, IQueryable<T> rows)
        {
            writer.WriteStartArray(name);
            await foreach (var row in rows.AsAsyncEnumerable().WithCancellation(cancellationToken))
            {
                JsonSerializer.Serialize(writer, row, Envelope.Json);
            }

            writer.WriteEndArray();
            await FlushAsync(writer, request.Http.Response);
        }

        // What the person did, and what was done to the account. By pages: there may be a year of it.
        private async Task WriteActivityAsync(Utf8JsonWriter writer)
        {
            writer.WriteStartArray("activity"u8);
            var after = Guid.Empty;
            while (true)
            {
                var last = after;
                var rows = await _db.Activities.AsNoTracking()
                    .Where(row => (row.ActorId == userId || row.ObjectId == userId) && row.Id > last)
                    .OrderBy(row => row.Id).Take(RowsPerRead).ToListAsync(cancellationToken);
                foreach (var row in rows)
                {
                    JsonSerializer.Serialize(writer, new
                    {
                        row.Id, row.At, row.ActorType, row.ActorId, row.Action, row.ObjectType, row.ObjectId,
                        row.ObjectName,
                        // Of others who did something to the account, only that they did.
                        Ip = row.ActorId == userId ? row.Ip : null,
                        UserAgent = row.ActorId == userId ? row.UserAgent : null,
                        Before = RawJson.From(row.Before),
                        After = RawJson.From(row.After),
                    }, Envelope.Json);
                }

                await FlushAsync(writer, request.Http.Response);
                if (rows.Count < RowsPerRead)
                {
                    break;
                }

                after = rows[^1].Id;
            }

            writer.WriteEndArray();
        }

        private async Task FlushAsync(Utf8JsonWriter writer, HttpResponse response)
        {
            await writer.FlushAsync(cancellationToken);
            await response.BodyWriter.FlushAsync(cancellationToken);
        }
    }
}
