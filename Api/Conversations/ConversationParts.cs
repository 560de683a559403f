using System.Text;
using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Workflows.Api.Http;
using Workflows.Api.Http.Security;
using Workflows.Data.ControlPlane;

namespace Workflows.Api.Conversations;

/// <summary>What the routes of conversations have in common.</summary>
internal static class ConversationParts
{
    /// <summary>Whose the caller's conversations are: the person's, or the key's.</summary>
    public static Guid OwnerOf(ApiRequest request) => request.Caller.UserId ?? request.Caller.Id;

    /// <summary>One's own, or one that a workflow keeps whose executions the caller may read.</summary>
    public static Task<Conversation?> FindReadableAsync(ApiRequest request, Guid id, CancellationToken token)
    {
        var (owner, ofWorkflows) = (OwnerOf(request), request.Caller.May(Permission.ExecutionsRead));
        return request.Db.Conversations.AsNoTracking().SingleOrDefaultAsync(
            row => row.Id == id && (row.OwnerId == owner || (ofWorkflows && row.WorkflowId != null)), token);
    }

    /// <summary>When a conversation ends in which something is said now.</summary>
    public static async Task<DateTimeOffset> ExpiryAsync(ApiRequest request, CancellationToken token)
    {
        var life = await request.Db.Database.SqlQuery<TimeSpan>(
            $"""select conversation_life({request.Db.TenantId}) as "Value" """).SingleAsync(token);
        return request.Now + life;
    }

    /// <summary>Adds the next message; the conversation is locked.</summary>
    public static ConversationMessage Add(
        ApiRequest request, Conversation conversation, string role, string content, string status)
    {
        conversation.Messages++;
        conversation.UpdatedAt = request.Now;
        var message = new ConversationMessage
        {
            TenantId = conversation.TenantId,
            ConversationId = conversation.Id,
            Number = conversation.Messages,
            Role = role,
            Content = content,
            Status = status,
            CreatedAt = request.Now,
            UpdatedAt = request.Now,
        };
        request.Db.ConversationMessages.Add(message);
        return message;
    }

    public static Problem Full() => new(
        Errors.LimitReached, $"A conversation has at most {Limits.MessagesPerConversation} messages: begin another.");

    public static void CheckObject(Checks checks, string field, string json)
    {
        if (Encoding.UTF8.GetByteCount(json) > Limits.MetadataBytes
            || JsonElement.Parse(json).ValueKind != JsonValueKind.Object)
        {
            checks.Add(field, "TYPE", $"'{field}' is an object of at most {Limits.MetadataBytes} bytes.");
        }
    }

    public static ConversationView View(Conversation row) => new(
        row.Id, row.Kind, row.Title, row.Model, row.Instructions, row.Knowledge, row.WorkspaceId, row.WorkflowId,
        row.SessionId, new RawJson(row.Metadata), row.Messages, row.InputTokens, row.OutputTokens, row.Cost,
        row.Version, row.ExpiresAt, row.CreatedAt, row.UpdatedAt);

    public static MessageView View(ConversationMessage row) => new(
        row.Number, row.Role, row.Content, row.Status, row.Model, row.CallId, row.InputTokens, row.OutputTokens,
        row.Cost, row.DurationMs, row.ErrorCode, row.ErrorMessage,
        row.Sources is null ? null : new RawJson(row.Sources), new RawJson(row.Metadata), row.CreatedAt);
}
