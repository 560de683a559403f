using System.Text.Json;
using Workflows.Api.Http;
using Workflows.Api.Http.Grounding;
using Workflows.Api.Http.Security;

namespace Workflows.Api.Conversations;

/// <summary>A passage that an answer may rest on, as the console shows it.</summary>
internal sealed record ChatSource(int Number, string Title, string Label, string Link);

/// <summary>What an answer rests on.</summary>
/// <param name="Passages">All that the model was given.</param>
/// <param name="Sentences">Of the answer, each with its sources; empty until it is whole.</param>
/// <param name="Notice">What is to be known of them.</param>
internal sealed record ChatSources(
    IReadOnlyList<ChatSource> Passages, IReadOnlyList<SentenceView> Sentences, string? Notice)
{
    public byte[] ToJson() => JsonSerializer.SerializeToUtf8Bytes(this, Envelope.Json);
}

/// <summary>Passages of what the tenant knows, as far as the caller may see it, for questions of
/// conversations.</summary>
internal sealed class ChatGrounding(Passages passages)
{
    public const string Nothing = "No article says anything about this.";

    /// <summary>What is like the question.</summary>
    public Task<(PassagesView? Passages, Problem? Problem)> FindAsync(
        Caller caller, string question, Guid? workspaceId, CancellationToken cancellationToken) =>
        passages.FindAsync(
            new SimilarPassagesRequest(
                question.Length > Limits.PassageQueryLength ? question[..Limits.PassageQueryLength] : question,
                WorkspaceId: workspaceId),
            caller, cancellationToken);

    public static ChatSources SourcesOf(PassagesView found, IReadOnlyList<SentenceView> sentences) => new(
        [.. found.Passages.Select(
            passage => new ChatSource(passage.Number, passage.Title, passage.Label, passage.Link))],
        sentences,
        found.Notice);
}
