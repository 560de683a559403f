using System.Runtime.InteropServices;
using Workflows.AiSearch.Text;

namespace Workflows.AiSearch.Search;

/// <summary>What of a document the words and the filters need.</summary>
/// <param name="Group">Equal for failures of one workflow with the same error; 0 = stands for itself.</param>
/// <param name="ContentHash">Equal for equal contents.</param>
internal sealed record CorpusDocument(
    Guid Id, string ContentType, Guid ContentId, string Title, string[] Tags, Guid? WorkspaceId,
    DateTimeOffset ContentAt, Guid? WorkflowId = null, ulong Group = 0, byte[]? ContentHash = null,
    string? Category = null);

/// <summary>A chunk's terms, title included, and its vector under the model that answers, if it has one yet.</summary>
internal sealed record CorpusChunk(int Number, TermVector Terms, Half[]? Vector = null);

/// <summary>A document as of a revision.</summary>
internal sealed record CorpusChange(long Revision, CorpusDocument Document, IReadOnlyList<CorpusChunk> Chunks);

/// <summary>A chunk by the number of its document's entry and its own number in the document.</summary>
internal readonly record struct ChunkEntry(int Document, int Number);

/// <summary>What every search asks of every document, side by side in memory.</summary>
/// <param name="Type">Index among the types of the corpus.</param>
/// <param name="TagBits">A bit for each tag, shared by tags whose numbers are 64 apart: what lacks one need not be
/// looked at closer.</param>
/// <param name="Tags">Indexes among its tags.</param>
/// <param name="Group">As of <see cref="CorpusDocument"/>.</param>
internal readonly record struct DocumentFacts(bool IsAlive, int Type, ulong TagBits, int[] Tags, ulong Group);

/// <summary>
/// The entries of a corpus: documents and their chunks by numbers that are only given out, never used again, with the
/// indexes over them. A removed document leaves dead numbers behind. Not thread-safe: <see cref="Corpus"/> locks.
/// </summary>
internal sealed class CorpusEntries
{
    private readonly Dictionary<Guid, (int Document, int[] Chunks)> _byId = [];
    private int _deadChunks;

    public LexicalIndex ChunkIndex { get; } = new();

    public LexicalIndex TitleIndex { get; } = new();

    /// <summary>By the number of the chunk.</summary>
    public List<ChunkEntry> Chunks { get; } = [];

    /// <summary>By the number of the document; null = removed.</summary>
    public List<CorpusDocument?> Documents { get; } = [];

    /// <summary>By the number of the document.</summary>
    public List<DocumentFacts> Facts { get; } = [];

    public NameTable Types { get; } = new();

    public NameTable Tags { get; } = new();

    public WordList Words { get; } = new();

    /// <summary>By the number of the chunk; null while no vector came, or there are too many for memory.</summary>
    public VectorCodes? Vectors { get; private set; }

    /// <summary>The model of the vectors; empty while none is asked for.</summary>
    public string VectorModel { get; private set; } = "";

    /// <summary>So many chunks that their vectors are left to the database.</summary>
    public bool LeavesVectors { get; private set; }

    public int ChunkCount => Chunks.Count - _deadChunks;

    /// <summary>Bytes in memory, about.</summary>
    public long Size => ((ChunkIndex.PostingCount + TitleIndex.PostingCount) * 9) + (_byId.Count * 400L) + (
        Chunks.Count * 20L)
        + (Words.Count * 80L) + (Vectors?.Size ?? 0);

    /// <summary>So much was replaced that the statistics are off and memory is wasted: read the corpus anew.</summary>
    public bool NeedsReload => _deadChunks > Limits.DeadChunksKept && _deadChunks > Chunks.Count / 4;

    public void Apply(CorpusChange change)
    {
        if (IsSameContent(change, out var chunks))
        {
            SetVectors(chunks, change.Chunks);
            return;
        }

        Remove(change.Document.Id);
        if (change.Chunks.Count > 0)
        {
            Insert(change);
        }
    }

    /// <summary>Drops the vectors there are; those that come from now on are of this model.</summary>
    public void BeginVectors(string model)
    {
        VectorModel = model;
        Vectors = null;
    }

    /// <summary>Keeps the vector of a chunk that is still there.</summary>
    public void SetVector(Guid documentId, int number, ReadOnlySpan<Half> vector)
    {
        if (_byId.TryGetValue(documentId, out var entries) && number < entries.Chunks.Length)
        {
            SetVector(entries.Chunks[number], vector);
        }
    }

    /// <summary>The number of a document and of its chunks; null when there is none.</summary>
    public (int Document, int[] Chunks)? Find(Guid documentId) => _byId.TryGetValue(documentId, out var entries)
        ? entries : null;

    /// <summary>Marks documents that pass the filter, of whatever type, and that are not removed.</summary>
    public void Allow(SearchFilter filter, Span<bool> documents)
    {
        int[] tags = [.. filter.Tags.Select(Tags.Find)];
        var bits = BitsOf(tags);
        var isVisible = new bool[Types.Count];
        for (var type = 0; type < isVisible.Length; type++)
        {
            isVisible[type] = filter.Visible?.Contains(Types[type]) ?? true;
        }

        var facts = CollectionsMarshal.AsSpan(Facts);
        var looksCloser = filter.LooksCloser;
        for (var i = 0; i < documents.Length; i++)
        {
            ref readonly var fact = ref facts[i];
            documents[i] = fact.IsAlive && isVisible[fact.Type] && (fact.TagBits & bits) == bits
                && HasAll(fact.Tags, tags)
                && (!looksCloser || filter.AllowsCloser(Documents[i]!));
        }
    }

    private static ulong BitsOf(int[] tags)
    {
        var bits = 0UL;
        foreach (var tag in tags)
        {
            bits |= 1UL << (tag & 63);
        }

        return bits;
    }

    private static bool HasAll(int[] tags, int[] wanted)
    {
        foreach (var tag in wanted)
        {
            if (Array.IndexOf(tags, tag) < 0)
            {
                return false;
            }
        }

        return true;
    }

    private bool IsSameContent(CorpusChange change, out int[] chunks)
    {
        chunks = [];
        if (change.Document.ContentHash is not { } hash || change.Chunks.Count == 0
            || !_byId.TryGetValue(change.Document.Id, out var known) || known.Chunks.Length != change.Chunks.Count)
        {
            return false;
        }

        chunks = known.Chunks;
        return Documents[known.Document]!.ContentHash.AsSpan().SequenceEqual(hash);
    }

    private void Insert(CorpusChange change)
    {
        var document = TitleIndex.Add(TermVector.TrigramsOf(change.Document.Title));
        Documents.Add(change.Document);
        int[] tags = [.. change.Document.Tags.Select(Tags.Take)];
        Facts.Add(new DocumentFacts(
            IsAlive: true, Types.Take(change.Document.ContentType), BitsOf(tags), tags, change.Document.Group));
        var numbers = new int[change.Chunks.Count];
        for (var i = 0; i < numbers.Length; i++)
        {
            numbers[i] = ChunkIndex.Add(change.Chunks[i].Terms);
            Chunks.Add(new ChunkEntry(document, change.Chunks[i].Number));
        }

        _byId.Add(change.Document.Id, (document, numbers));
        SetVectors(numbers, change.Chunks);
    }

    private void SetVectors(int[] numbers, IReadOnlyList<CorpusChunk> chunks)
    {
        for (var i = 0; i < numbers.Length; i++)
        {
            if (chunks[i].Vector is { } vector)
            {
                SetVector(numbers[i], vector);
            }
        }
    }

    private void SetVector(int number, ReadOnlySpan<Half> vector)
    {
        if (LeavesVectors || ChunkCount > Limits.VectorsInMemory)
        {
            (LeavesVectors, Vectors) = (true, null);
            return;
        }

        Vectors ??= new VectorCodes(vector.Length);
        if (Vectors.Dimension == vector.Length)
        {
            Vectors.Set(number, vector);
        }
    }

    private void Remove(Guid documentId)
    {
        if (_byId.Remove(documentId, out var entries))
        {
            Documents[entries.Document] = null;
            Facts[entries.Document] = Facts[entries.Document] with { IsAlive = false };
            _deadChunks += entries.Chunks.Length;
        }
    }
}

/// <summary>Names by numbers that are given out in the order in which the names came.</summary>
internal sealed class NameTable
{
    private readonly Dictionary<string, int> _numbers = new(StringComparer.Ordinal);
    private readonly List<string> _names = [];

    public int Count => _names.Count;

    public string this[int number] => _names[number];

    /// <returns>-1 when nothing has the name.</returns>
    public int Find(string name) => _numbers.TryGetValue(name, out var number) ? number : -1;

    public int Take(string name)
    {
        if (_numbers.TryGetValue(name, out var number))
        {
            return number;
        }

        _numbers.Add(name, _names.Count);
        _names.Add(name);
        return _names.Count - 1;
    }
}
