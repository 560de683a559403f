using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace Workflows.AiSearch.Text;

/// <summary>How often a term, known by its hash, occurs in a text.</summary>
internal readonly record struct TermCount(uint Term, int Count);

/// <summary>
/// The terms of one text as a bag: distinct, sorted by hash. Terms are 32-bit hashes: in a vocabulary of 100,000
/// about one pair is mistaken for one another, which no ranking notices, and a stored chunk needs a fifth of the room
/// of its words.
/// </summary>
internal sealed class TermVector
{
    private const int EntryBytes = sizeof(uint) + sizeof(ushort);

    private TermVector(TermCount[] terms, int length) => (Terms, Length) = (terms, length);

    public IReadOnlyList<TermCount> Terms { get; }

    /// <summary>Number of terms, repetitions counted.</summary>
    public int Length { get; }

    /// <summary>The terms of one or more texts (a title and a body), counted together, in the language that they are
    /// in.</summary>
    public static TermVector Of(params ReadOnlySpan<string> texts)
    {
        var language = Languages.Detect(texts);
        var counts = new Dictionary<uint, int>();
        foreach (var text in texts)
        {
            Analyzer.ReadWords(text, (word, _, _) =>
            {
                if (Analyzer.TryGetTerm(word, language, out var term))
                {
                    CollectionsMarshal.GetValueRefOrAddDefault(counts, term, out _)++;
                }
            });
        }

        return Of(counts);
    }

    /// <summary>Terms that are known already, each once.</summary>
    public static TermVector OfTerms(IEnumerable<uint> terms) =>
        Of(terms.Distinct().ToDictionary(term => term, _ => 1));

    /// <summary>The terms of several texts, counted together.</summary>
    public static TermVector Sum(IEnumerable<TermVector> texts) =>
        Of(texts.SelectMany(text => text.Terms).GroupBy(term => term.Term)
            .ToDictionary(group => group.Key, group => group.Sum(term => term.Count)));

    /// <summary>The three-character sequences of a name, for what was mistyped or only begun.</summary>
    public static TermVector TrigramsOf(string name)
    {
        var counts = new Dictionary<uint, int>();
        Span<char> gram = stackalloc char[3];
        Span<char> folded = stackalloc char[Folding.MaxGrowth];
        var length = Math.Min(name.Length, Limits.TitleMaxLength);
        for (var i = -1; i < length - 1; i++)
        {
            for (var j = 0; j < gram.Length; j++)
            {
                var character = i + j >= 0 && i + j < length ? name[i + j] : ' ';
                gram[j] = char.IsLetterOrDigit(character) && Folding.Fold(character, folded) > 0 ? folded[0] : ' ';
            }

            if (gram[1] != ' ')
            {
                counts[Hash(gram)] = 1;
            }
        }

        return Of(counts);
    }

    public byte[] ToBytes()
    {
        var bytes = new byte[Terms.Count * EntryBytes];
        var rest = bytes.AsSpan();
        foreach (var (term, count) in Terms)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(rest, term);
            BinaryPrimitives.WriteUInt16LittleEndian(rest[sizeof(uint)..], (ushort)Math.Min(count, ushort.MaxValue));
            rest = rest[EntryBytes..];
        }

        return bytes;
    }

    /// <exception cref="InvalidDataException">The bytes are not what <see cref="ToBytes"/> writes.</exception>
    public static TermVector FromBytes(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length % EntryBytes != 0)
        {
            throw new InvalidDataException($"A term vector cannot have {bytes.Length} bytes.");
        }

        var terms = new TermCount[bytes.Length / EntryBytes];
        var length = 0;
        for (var i = 0; i < terms.Length; i++)
        {
            var entry = bytes[(i * EntryBytes)..];
            terms[i] = new TermCount(
                BinaryPrimitives.ReadUInt32LittleEndian(entry),
                    BinaryPrimitives.ReadUInt16LittleEndian(entry[sizeof(uint)..]));
            length += terms[i].Count;
        }

        return new TermVector(terms, length);
    }

    /// <summary>FNV-1a over UTF-16 units, then mixed so that all bits depend on all characters. Stored: never to be
    /// changed.</summary>
    public static uint Hash(ReadOnlySpan<char> term)
    {
        var hash = 14695981039346656037UL;
        foreach (var character in term)
        {
            hash = (hash ^ character) * 1099511628211UL;
        }

        return (uint)(Mix(hash) >> 32);
    }

    /// <summary>A bijection of 64 bits without visible pattern (the finaliser of splitmix64).</summary>
    public static ulong Mix(ulong value)
    {
        value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9UL;
        value = (value ^ (value >> 27)) * 0x94d049bb133111ebUL;
        return value ^ (value >> 31);
    }

    private static TermVector Of(Dictionary<uint, int> counts)
    {
        var terms = counts.Select(pair => new TermCount(pair.Key, pair.Value)).ToArray();
        Array.Sort(terms, (left, right) => left.Term.CompareTo(right.Term));
        return new TermVector(terms, counts.Values.Sum());
    }
}
