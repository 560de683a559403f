using Workflows.AiSearch.Text;

namespace Workflows.AiSearch.Embeddings;

/// <summary>A term of the vocabulary, by its index, with its tf-idf weight in one text.</summary>
internal readonly record struct WeightedTerm(int Term, float Weight);

/// <summary>The terms a corpus is described by, with their inverse document frequencies.</summary>
internal sealed class Vocabulary
{
    private readonly Dictionary<uint, int> _indexes;
    private readonly float _rarest;

    public Vocabulary(uint[] terms, float[] idf)
    {
        (Terms, Idf) = (terms, idf);
        _indexes = new Dictionary<uint, int>(terms.Length);
        for (var i = 0; i < terms.Length; i++)
        {
            _indexes.Add(terms[i], i);
        }

        _rarest = idf.Length == 0 ? 1 : idf.Max();
    }

    public uint[] Terms { get; }

    public float[] Idf { get; }

    public int Count => Terms.Length;

    /// <summary>Terms of two texts or more; the most frequent ones when there are too many.</summary>
    public static Vocabulary Of(IReadOnlyList<TermVector> texts)
    {
        var frequencies = new Dictionary<uint, int>();
        foreach (var text in texts)
        {
            foreach (var (term, _) in text.Terms)
            {
                frequencies[term] = frequencies.GetValueOrDefault(term) + 1;
            }
        }

        var kept = frequencies.Where(pair => pair.Value >= 2)
            .OrderByDescending(pair => pair.Value).ThenBy(pair => pair.Key)
            .Take(Limits.VocabularyTerms)
            .OrderBy(pair => pair.Key)
            .ToArray();
        return new Vocabulary(
            Array.ConvertAll(kept, pair => pair.Key),
            Array.ConvertAll(kept, pair => MathF.Log((float)texts.Count / pair.Value) + 1));
    }

    /// <summary>The weight of a term; one that the corpus had not is as rare as the rarest.</summary>
    public float IdfOf(uint term) => _indexes.TryGetValue(term, out var index) ? Idf[index] : _rarest;

    /// <summary>The text as a tf-idf vector of length one, without the terms that are not in the vocabulary.</summary>
    public WeightedTerm[] Weigh(TermVector text)
    {
        var row = new List<WeightedTerm>(text.Terms.Count);
        var squares = 0f;
        foreach (var (term, count) in text.Terms)
        {
            if (_indexes.TryGetValue(term, out var index))
            {
                var weight = (1 + MathF.Log(count)) * Idf[index];
                row.Add(new WeightedTerm(index, weight));
                squares += weight * weight;
            }
        }

        var norm = squares == 0 ? 0 : 1 / MathF.Sqrt(squares);
        return [.. row.Select(entry => entry with { Weight = entry.Weight * norm })];
    }
}
