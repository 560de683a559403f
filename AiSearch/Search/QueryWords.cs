using Workflows.AiSearch.Text;

namespace Workflows.AiSearch.Search;

/// <summary>A term that a word may stand for, and how much an occurrence of it counts: 1 for the word itself.</summary>
internal readonly record struct Alternative(uint Term, float Weight);

/// <summary>A word of a query, by the terms of which one is enough.</summary>
internal sealed record QueryWord(IReadOnlyList<Alternative> Alternatives);

/// <summary>An atom by its words; one without any (function words only) says nothing.</summary>
/// <param name="Phrase">Its folded words in order, when they must stand in the text like that; else empty.</param>
internal sealed record KnownAtom(IReadOnlyList<QueryWord> Words, IReadOnlyList<string> Phrase);

/// <summary>A clause by its atoms.</summary>
internal sealed record KnownClause(IReadOnlyList<KnownAtom> Atoms, Demand Demand);

/// <summary>A query as a corpus understands it: with the terms that this corpus has for its words.</summary>
internal sealed class KnownQuery(IReadOnlyList<KnownClause> clauses)
{
    public static KnownQuery Nothing { get; } = new([]);

    public IReadOnlyList<KnownClause> Clauses => clauses;

    /// <summary>What is scored: the words of all that is not excluded; a repeated one counts as often.</summary>
    public IReadOnlyList<QueryWord> Words { get; } =
        [.. clauses.Where(clause => clause.Demand != Demand.Excluded).SelectMany(clause => clause.Atoms)
            .SelectMany(atom => atom.Words)];

    /// <summary>The atoms that have to be read in the text.</summary>
    public IReadOnlyList<KnownAtom> Phrases { get; } =
        [.. clauses.SelectMany(clause => clause.Atoms).Where(atom => atom.Phrase.Count > 0)];

    /// <summary>All terms that are marked where they occur.</summary>
    public HashSet<uint> Terms => [.. Words.SelectMany(word => word.Alternatives)
        .Select(alternative => alternative.Term)];

    /// <summary>For the embedder that knows terms only: the words themselves, without what they might be misspellings
    /// of.</summary>
    public TermVector ToTermVector() =>
        TermVector.OfTerms(Words.SelectMany(word => word.Alternatives).Where(alternative => alternative.Weight >= 1)
            .Select(alternative => alternative.Term));
}

/// <summary>Finds for the words of a query the terms that a corpus has for them.</summary>
/// <param name="frequencyOf">Chunks that have a term.</param>
/// <param name="words">The corpus's words.</param>
internal sealed class QueryReader(Func<uint, int> frequencyOf, WordList words)
{
    private const float CompoundWeight = 0.9f;

    private int _corrected;

    public KnownQuery Read(IReadOnlyList<QueryClause> clauses) => new(
        [.. clauses.Select(clause => new KnownClause([.. clause.Atoms.Select(Read)], clause.Demand))]);

    private KnownAtom Read(QueryAtom atom)
    {
        var known = new List<QueryWord>();
        var folded = new List<string>();
        Analyzer.ReadWords(atom.Text, (word, _, _) => folded.Add(word.ToString()));
        for (var i = 0; i < folded.Count; i++)
        {
            known.AddRange(Read(folded[i], atom.IsBeginning && i == folded.Count - 1, atom.IsPhrase));
        }

        return new KnownAtom(known, atom.IsPhrase ? folded : []);
    }

    private IEnumerable<QueryWord> Read(string word, bool isBeginning, bool isExact)
    {
        var itself = TermsOf(word);
        if (itself.Count == 0 && !isBeginning)
        {
            return []; // a function word
        }

        if (isBeginning)
        {
            return [new QueryWord(
                [.. itself.Select(term => new Alternative(term, 1)), .. words.Beginning(word, frequencyOf)])];
        }

        var known = itself.Where(term => frequencyOf(term) > 0).Select(term => new Alternative(term, 1)).ToArray();
        if (known.Length > 0 || isExact || _corrected == Limits.CorrectedWords)
        {
            return [new QueryWord(known.Length > 0 ? known : [new Alternative(itself[0], 1)])];
        }

        if (Languages.IsFunctionWord(Language.German, word))
        {
            return []; // and no other text has it
        }

        // Nobody wrote this word: it may be the beginning of one, two written as one, or misspelt.
        _corrected++;
        if (word.Length >= Limits.PrefixLettersMin || Analyzer.IsUnspaced(word))
        {
            var beginnings = words.Beginning(word, frequencyOf);
            if (beginnings.Count > 0)
            {
                return [new QueryWord(beginnings)];
            }
        }

        if (words.Split(word, frequencyOf) is var (left, right))
        {
            return [new QueryWord([new Alternative(left, CompoundWeight)]),
                new QueryWord([new Alternative(right, CompoundWeight)])];
        }

        var misspelt = words.Misspelt(word, frequencyOf);
        return [new QueryWord(misspelt.Count > 0 ? misspelt : [new Alternative(itself[0], 1)])];
    }

    private static List<uint> TermsOf(string word)
    {
        var terms = new List<uint>(2);
        foreach (var language in (ReadOnlySpan<Language>)[Language.English, Language.German])
        {
            if (Analyzer.TryGetTerm(word, language, out var term))
            {
                terms.Add(term);
            }
            else if (language == Language.English)
            {
                return []; // "in" and "was" are function words where most texts are English
            }
        }

        return terms;
    }
}
