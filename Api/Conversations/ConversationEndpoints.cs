using Microsoft.EntityFrameworkCore;
using Workflows.Api.Http;
using Workflows.Api.Http.Security;
using Workflows.Data.ControlPlane;

namespace Workflows.Api.Conversations;

/// <summary>Conversations: one's own, and those that workflows keep. Nobody reads those of another person.</summary>
internal static class ConversationEndpoints
{
    private static readonly string[] Kinds = ["chat", "agent"];
    private static readonly string[] Roles = ["system", "user", "assistant", "tool"];

    public static void MapConversations(this IEndpointRouteBuilder routes)
    {
        var all = routes.MapGroup("/conversations").WithTags("Conversations").Requires(Permission.ChatUse);
        all.MapGet("", ListAsync).WithSummary("List one's own conversations, the last used first")
            .WithDescription("With workflow: those that the workflow keeps, for who may read its executions.");
        all.MapPost("", CreateAsync).WithMetadata(new SuccessStatus(201)).WithSummary("Begin a conversation");
        all.MapGet("/{chatId:guid}", GetAsync).WithSummary("Get a conversation");
        all.MapPatch("/{chatId:guid}", UpdateAsync).WithSummary("Change a conversation of one's own");
        all.MapDelete("/{chatId:guid}", DeleteAsync).WithSummary("Delete a conversation of one's own");
        all.MapGet("/{chatId:guid}/messages", ListMessagesAsync).WithSummary("List messages, the first one first");
        all.MapPost("/{chatId:guid}/entries", KeepAsync).WithMetadata(new SuccessStatus(201))
            .WithSummary("Keep a message of a conversation of the kind agent; no model is asked");
        all.MapAnswers();
    }

    private static async Task<ApiResponse<List<ConversationView>>> ListAsync(
        [AsParameters] ConversationQuery filter, [AsParameters] PageQuery query, ApiRequest request, Pager pager,
        CancellationToken cancellationToken)
    {
        if (filter.Kind is { } kind && !Kinds.Contains(kind))
        {
            return Problem.Parameter("kind", $"'kind' is one of {string.Join(", ", Kinds)}.");
        }

        if (filter.Search?.Length > Limits.SearchQueryLength)
        {
            return Problem.Parameter("q", $"'q' has at most {Limits.SearchQueryLength} characters.");
        }

        if (filter.Workflow is not null && !request.Caller.May(Permission.ExecutionsRead))
        {
            return new Problem(Errors.Forbidden);
        }

        var page = pager.Read<RecentKey>(
            query, request.Caller.TenantId, $"conversations?{filter}:{ConversationParts.OwnerOf(request)}");
        var rows = Matching(request, filter);
        var total = await rows.CountAsync(query, cancellationToken);
        var found = await rows
            .After(page, after => row => row.UpdatedAt < after.At || (row.UpdatedAt == after.At && row.Id > after.Id))
            .OrderByDescending(row => row.UpdatedAt).ThenBy(row => row.Id).Take(page.Take)
            .ToListAsync(cancellationToken);
        var pagination = page.Close(found, row => new RecentKey(row.UpdatedAt, row.Id), total);
        return ApiResponse<List<ConversationView>>.Page(
            found.ConvertAll(ConversationParts.View), pagination, FieldSelection.Read<ConversationView>(query));
    }

    private static IQueryable<Conversation> Matching(ApiRequest request, ConversationQuery filter)
    {
        var owner = ConversationParts.OwnerOf(request);
        var rows = filter.Workflow is { } workflow
            ? request.Db.Conversations.Where(row => row.WorkflowId == workflow)
            : request.Db.Conversations.Where(row => row.OwnerId == owner);
        rows = filter.Kind is { } kind ? rows.Where(row => row.Kind == kind) : rows;
        rows = filter.Session is { } session ? rows.Where(row => row.SessionId == session) : rows;
        if (!string.IsNullOrWhiteSpace(filter.Search))
        {
            var hits = request.Db.ConversationMessages.FromSql(
                $"""
                select * from conversation_messages
                where tenant_id = {request.Db.TenantId}
                  and to_tsvector('simple'::regconfig, left(content, 50000))
                    @@ websearch_to_tsquery('simple', {filter.Search})
                """).Select(row => row.ConversationId);
            var like = $"%{Escape(filter.Search)}%";
            rows = rows.Where(row => hits.Contains(row.Id) || EF.Functions.Like(row.Title, like, @"\"));
        }

        return rows.AsNoTracking();
    }

    private static string Escape(string text) => text
        .Replace(@"\", @"\\", StringComparison.Ordinal).Replace("%", @"\%", StringComparison.Ordinal)
        .Replace("_", @"\_", StringComparison.Ordinal);

    private static Task<ApiResponse<ConversationView>> CreateAsync(
        Body<CreateConversationRequest> body, ApiRequest request)
    {
        var wanted = body.Value;
        var checks = new Checks().OneOf("kind", wanted.Kind, Kinds);
        if (wanted.SessionId is { Length: 0 or > Limits.ConversationSessionLength })
        {
            checks.Add("sessionId", "LENGTH", $"'sessionId' has 1 to {Limits.ConversationSessionLength} characters.");
        }

        var conversation = new Conversation
        {
            TenantId = request.Caller.TenantId,
            Id = request.NewId(),
            Kind = wanted.Kind,
            OwnerId = ConversationParts.OwnerOf(request),
            WorkspaceId = wanted.WorkspaceId,
            SessionId = wanted.SessionId,
            Title = wanted.Title ?? "",
            Model = wanted.Model ?? "",
            Instructions = wanted.Instructions ?? "",
            Knowledge = wanted.Knowledge,
            Metadata = wanted.Metadata?.Text ?? "{}",
            CreatedAt = request.Now,
            UpdatedAt = request.Now,
        };
        return Check(checks, conversation).Problem is { } problem
            ? Task.FromResult<ApiResponse<ConversationView>>(problem)
            : request.ChangeAsync<ConversationView>(async token =>
            {
                if (conversation.WorkspaceId is { } workspace
                    && !await request.Db.Workspaces.AnyAsync(row => row.Id == workspace, token))
                {
                    return new Problem(Errors.WorkspaceNotFound);
                }

                if (await CheckModelAsync(request, conversation.Model, token) is { } unknown)
                {
                    return unknown;
                }

                var owner = conversation.OwnerId;
                if (await request.Db.Conversations.CountAsync(row => row.OwnerId == owner, token)
                    >= Limits.ConversationsPerOwner)
                {
                    return new Problem(
                        Errors.LimitReached,
                        $"One keeps at most {Limits.ConversationsPerOwner} conversations: delete some.");
                }

                conversation.ExpiresAt = await ConversationParts.ExpiryAsync(request, token);
                request.Db.Conversations.Add(conversation);
                request.Record("conversation.create", "conversation", conversation.Id, null);
                return ApiResponse<ConversationView>.Created(
                    ConversationParts.View(conversation), $"/api/v1/conversations/{conversation.Id}",
                    conversation.Version);
            });
    }

    private static async Task<ApiResponse<ConversationView>> GetAsync(
        Guid chatId, ApiRequest request, CancellationToken token) =>
        await ConversationParts.FindReadableAsync(request, chatId, token) is { } found
            ? ApiResponse<ConversationView>.Ok(ConversationParts.View(found), found.Version)
            : new Problem(Errors.ConversationNotFound);

    private static Task<ApiResponse<ConversationView>> UpdateAsync(
        Guid chatId, Body<UpdateConversationRequest> body, ApiRequest request) =>
        request.ChangeAsync<ConversationView>(async token =>
        {
            var wanted = body.Value;
            if (await request.Db.LockConversationAsync(chatId, ConversationParts.OwnerOf(request), token)
                is not { } conversation)
            {
                return new Problem(Errors.ConversationNotFound);
            }

            if (request.CheckMatch(conversation) is { } conflict)
            {
                return conflict;
            }

            conversation.Title = wanted.Title ?? conversation.Title;
            conversation.Model = wanted.Model ?? conversation.Model;
            conversation.Instructions = wanted.Instructions ?? conversation.Instructions;
            conversation.Knowledge = wanted.Knowledge ?? conversation.Knowledge;
            conversation.Metadata = wanted.Metadata?.Text ?? conversation.Metadata;
            if ((Check(new Checks(), conversation).Problem
                ?? await CheckModelAsync(request, wanted.Model ?? "", token)) is { } problem)
            {
                return problem;
            }

            conversation.Touch(request.Now);
            request.Record("conversation.update", "conversation", chatId, null);
            return ApiResponse<ConversationView>.Ok(ConversationParts.View(conversation), conversation.Version);
        });

    private static Task<ApiResponse<Done>> DeleteAsync(Guid chatId, ApiRequest request) =>
        request.ChangeAsync<Done>(async token =>
        {
            if (await request.Db.LockConversationAsync(chatId, ConversationParts.OwnerOf(request), token)
                is not { } conversation)
            {
                return new Problem(Errors.ConversationNotFound);
            }

            if (request.CheckMatch(conversation) is { } conflict)
            {
                return conflict;
            }

            request.Db.Conversations.Remove(conversation);
            request.Record("conversation.delete", "conversation", chatId, null);
            return new Done(chatId, "deleted");
        });

    private static async Task<ApiResponse<List<MessageView>>> ListMessagesAsync(
        Guid chatId, [AsParameters] PageQuery query, ApiRequest request, Pager pager,
        CancellationToken cancellationToken)
    {
        if (await ConversationParts.FindReadableAsync(request, chatId, cancellationToken) is null)
        {
            return new Problem(Errors.ConversationNotFound);
        }

        var page = pager.Read<NumberKey>(query, request.Caller.TenantId, $"conversations/{chatId}/messages");
        var messages = request.Db.ConversationMessages.AsNoTracking().Where(row => row.ConversationId == chatId);
        var total = await messages.CountAsync(query, cancellationToken);
        var rows = await messages.After(page, after => row => row.Number > after.Number).OrderBy(row => row.Number)
            .Take(page.Take).ToListAsync(cancellationToken);
        return ApiResponse<List<MessageView>>.Page(
            rows.ConvertAll(ConversationParts.View), page.Close(rows, row => new NumberKey(row.Number), total),
            FieldSelection.Read<MessageView>(query));
    }

    private static Task<ApiResponse<MessageView>> KeepAsync(
        Guid chatId, Body<KeepMessageRequest> body, ApiRequest request)
    {
        var wanted = body.Value;
        var checks = new Checks().OneOf("role", wanted.Role, Roles)
            .Text("content", wanted.Content, Limits.ConversationContentLength);
        ConversationParts.CheckObject(checks, "metadata", wanted.Metadata?.Text ?? "{}");
        return checks.Problem is { } problem
            ? Task.FromResult<ApiResponse<MessageView>>(problem)
            : request.ChangeAsync<MessageView>(async token =>
            {
                if (await request.Db.LockConversationAsync(chatId, ConversationParts.OwnerOf(request), token)
                    is not { } conversation)
                {
                    return new Problem(Errors.ConversationNotFound);
                }

                if (conversation.Kind != "agent")
                {
                    return new Problem(Errors.Conflict, "Only conversations of the kind agent take entries.");
                }

                if (conversation.Messages >= Limits.MessagesPerConversation)
                {
                    return ConversationParts.Full();
                }

                var message = ConversationParts.Add(request, conversation, wanted.Role, wanted.Content, "complete");
                message.Metadata = wanted.Metadata?.Text ?? "{}";
                conversation.ExpiresAt = await ConversationParts.ExpiryAsync(request, token);
                return ApiResponse<MessageView>.Created(
                    ConversationParts.View(message), $"/api/v1/conversations/{chatId}/messages");
            });
    }

    private static Checks Check(Checks checks, Conversation conversation)
    {
        checks.Text("title", conversation.Title, Limits.NameLength)
            .Text("model", conversation.Model, Limits.NameLength)
            .Text("instructions", conversation.Instructions, Limits.ConversationInstructionsLength);
        ConversationParts.CheckObject(checks, "metadata", conversation.Metadata);
        return checks;
    }

    private static async Task<Problem?> CheckModelAsync(ApiRequest request, string model, CancellationToken token) =>
        model.Length == 0 || await request.Db.Models.AnyAsync(row => row.Name == model && row.Kind == "chat", token)
            ? null
            : new Problem(Errors.ModelUnknown, $"There is no chat model '{model}'.");

    private sealed record RecentKey(DateTimeOffset At, Guid Id);

    private sealed record NumberKey(int Number);
}
