using System.Numerics;

namespace Workflows.AiSearch.Search;

/// <summary>
/// The words of a tenant's texts as they are written, folded, with the terms that they stand for: what the beginnings
/// of words and misspellings are completed to. Words that no text has any more stay until the corpus is read anew,
/// and then are offered no more, since their terms have no chunks. Not thread-safe against <see cref="Add"/>: the
/// owner locks.
/// </summary>
internal sealed class WordList
{
    private const float BeginningWeight = 0.8f;
    private const float MisspeltWeight = 0.7f;
    private const float TwiceMisspeltWeight = 0.5f;

    private readonly Dictionary<string, uint> _terms = new(StringComparer.Ordinal);
    private Sorted? _sorted;

    public int Count => _terms.Count;

    /// <summary>Whether a folded word is worth keeping: no long number, no id.</summary>
    public static bool IsKept(ReadOnlySpan<char> word)
    {
        if (word.Length is < 2 or > Limits.DictionaryWordLength)
        {
            return false;
        }

        var digits = 0;
        foreach (var character in word)
        {
            digits += char.IsDigit(character) ? 1 : 0;
        }

        return digits <= Limits.DictionaryWordDigits;
    }

    public void Add(string word, uint term)
    {
        if (_terms.Count < Limits.DictionaryWords && _terms.TryAdd(word, term))
        {
            _sorted = null;
        }
    }

    /// <summary>The most frequent words that begin like this, one for each term.</summary>
    public IReadOnlyList<Alternative> Beginning(string beginning, Func<uint, int> frequencyOf) =>
        [.. Completions(beginning, frequencyOf).DistinctBy(word => word.Term).Take(Limits.AlternativesPerWord)
            .Select(word => new Alternative(word.Term, BeginningWeight))];

    /// <summary>All words that begin like this and are in use, the most frequent first.</summary>
    public IEnumerable<(string Word, uint Term)> Completions(string beginning, Func<uint, int> frequencyOf)
    {
        var words = Sort().Words;
        var first = Array.BinarySearch(words, beginning, StringComparer.Ordinal);
        var found = new List<(string Word, uint Term, int Frequency)>();
        for (var i = first < 0 ? ~first : first; i < words.Length
            && words[i].StartsWith(beginning, StringComparison.Ordinal); i++)
        {
            var term = _terms[words[i]];
            if (frequencyOf(term) is > 0 and var frequency)
            {
                found.Add((words[i], term, frequency));
            }
        }

        return found.OrderByDescending(word => word.Frequency).ThenBy(word => word.Word, StringComparer.Ordinal)
            .Select(word => (word.Word, word.Term));
    }

    /// <summary>Two words that were written as one (<c>camt053</c>): those of which the rarer is the most
    /// frequent.</summary>
    public (uint Left, uint Right)? Split(string word, Func<uint, int> frequencyOf)
    {
        (uint, uint)? best = null;
        var bestFrequency = 0;
        for (var i = 2; i <= word.Length - 2; i++)
        {
            if (_terms.TryGetValue(word[..i], out var left) && _terms.TryGetValue(word[i..], out var right))
            {
                var frequency = Math.Min(frequencyOf(left), frequencyOf(right));
                if (frequency > bestFrequency)
                {
                    (best, bestFrequency) = ((left, right), frequency);
                }
            }
        }

        return best;
    }

    /// <summary>Words in use that differ by one letter, or, long ones that begin alike, by two; the nearest and most
    /// frequent.</summary>
    public IReadOnlyList<Alternative> Misspelt(string word, Func<uint, int> frequencyOf)
    {
        if (word.Length < Limits.TypoLettersMin || word.Any(char.IsDigit))
        {
            return [];
        }

        var farthest = word.Length >= Limits.SecondTypoLettersMin ? 2 : 1;
        var letters = LettersOf(word);
        var sorted = Sort();
        var found = new List<(uint Term, int Distance, int Frequency)>();
        for (var i = 0; i < sorted.Words.Length; i++)
        {
            var candidate = sorted.Words[i];
            if (Math.Abs(candidate.Length - word.Length) > farthest
                || BitOperations.PopCount(letters ^ sorted.Letters[i]) > 2 * farthest)
            {
                continue;
            }

            var distance = EditDistance.Between(word, candidate, farthest);
            if (distance <= farthest && (distance == 1 || candidate[0] == word[0])
                && frequencyOf(_terms[candidate]) is > 0 and var frequency)
            {
                found.Add((_terms[candidate], distance, frequency));
            }
        }

        var nearest = found.Count == 0 ? 0 : found.Min(candidate => candidate.Distance);
        return [.. found.Where(candidate => candidate.Distance == nearest)
            .OrderByDescending(candidate => candidate.Frequency)
            .DistinctBy(candidate => candidate.Term)
            .Take(Limits.AlternativesPerWord)
            .Select(candidate => new Alternative(candidate.Term, nearest == 1 ? MisspeltWeight : TwiceMisspeltWeight))];
    }

    /// <summary>A bit for each letter: two words that differ in more bits than edits could change are not
    /// compared.</summary>
    private static ulong LettersOf(string word)
    {
        var letters = 0UL;
        foreach (var character in word)
        {
            letters |= 1UL << (character & 63);
        }

        return letters;
    }

    // Readers may sort at once; each result is good.
    private Sorted Sort()
    {
        if (Volatile.Read(ref _sorted) is { } sorted)
        {
            return sorted;
        }

        var words = _terms.Keys.ToArray();
        Array.Sort(words, StringComparer.Ordinal);
        sorted = new Sorted(words, Array.ConvertAll(words, LettersOf));
        Volatile.Write(ref _sorted, sorted);
        return sorted;
    }

    private sealed record Sorted(string[] Words, ulong[] Letters);
}
