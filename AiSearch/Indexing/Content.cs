using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using Workflows.AiSearch.Embeddings;
using Workflows.AiSearch.Text;

namespace Workflows.AiSearch.Indexing;

/// <summary>The kinds of what can be found, as stored.</summary>
internal static class ContentTypes
{
    public const string Workflow = "workflow";
    public const string Execution = "execution";
    public const string Node = "node";
    public const string KnowledgeArticle = "knowledge_article";
    public const string PromptCard = "prompt_card";

    /// <summary>All that a filter may name: what something is written of. A type that is only meant to come finds nothing, ever.</summary>
    public static readonly IReadOnlyList<string> All = [Workflow, Node, Execution, KnowledgeArticle, PromptCard];
}

/// <summary>A piece of a document that is found by itself.</summary>
/// <param name="Label">What part of the document it is, for people.</param>
/// <param name="Text">Its words.</param>
internal sealed record ContentChunk(string Label, string Text)
{
    /// <summary>What the words are found by: the title belongs to every chunk.</summary>
    public TermVector TermsUnder(string title) => TermVector.Of(title, Text);

    /// <summary>What a provider embeds.</summary>
    public EmbeddingInput InputUnder(string title) => new(title + "\n\n" + Text, TermsUnder(title));

    /// <summary>Equal for equal inputs of the analysis: then terms and vectors are equal too.</summary>
    public byte[] HashUnder(string title)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        ContentHash.Append(hash, Analyzer.Version.ToString(provider: null), title, Label, Text);
        return hash.GetHashAndReset();
    }
}

/// <summary>The present state of something that can be found; without chunks it is to be removed.</summary>
internal sealed record Content(
    string Type,
    Guid Id,
    long SourceVersion,
    string Title,
    IReadOnlyList<string> Tags,
    Guid? WorkspaceId,
    DateTimeOffset At,
    string Metadata,
    IReadOnlyList<ContentChunk> Chunks)
{
    /// <summary>What is gone, or never was to be found.</summary>
    public static Content Removed(string type, Guid id, long sourceVersion, DateTimeOffset at) =>
        new(type, id, sourceVersion, Title: "", [], WorkspaceId: null, at, "{}", []);

    public byte[] Hash()
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        ContentHash.Append(hash, Title, WorkspaceId?.ToString() ?? "", Metadata, string.Join('\n', Tags), At.ToString("O", null));
        foreach (var chunk in Chunks)
        {
            hash.AppendData(chunk.HashUnder(Title));
        }

        return hash.GetHashAndReset();
    }
}

internal static class ContentHash
{
    /// <summary>Each text with its length, so that moving a word from one to the next changes the hash.</summary>
    public static void Append(IncrementalHash hash, params ReadOnlySpan<string> texts)
    {
        Span<byte> length = stackalloc byte[sizeof(int)];
        foreach (var text in texts)
        {
            BinaryPrimitives.WriteInt32LittleEndian(length, text.Length);
            hash.AppendData(length);
            hash.AppendData(Encoding.UTF8.GetBytes(text));
        }
    }
}
