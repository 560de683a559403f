using System.Globalization;
using System.Text;
using Workflows.AiSearch.Indexing;

namespace Workflows.AiSearch.Search;

/// <summary>Whether what a clause says must be there.</summary>
internal enum Demand
{
    Optional,
    Required,
    Excluded,
}

/// <summary>One thing asked for: a word, the beginning of one (<c>refun*</c>), or a phrase in quotes.</summary>
internal sealed record QueryAtom(string Text, bool IsPhrase, bool IsBeginning);

/// <summary>Atoms of which one is enough: those between which <c>OR</c> stands.</summary>
internal sealed record QueryClause(IReadOnlyList<QueryAtom> Atoms, Demand Demand);

/// <summary>A line as people type it, taken apart.</summary>
/// <param name="Text">Its words without fields, operators and what is excluded: what it means.</param>
/// <param name="Clauses">What is asked for.</param>
/// <param name="Filter">What its fields say.</param>
internal sealed record ParsedQuery(string Text, IReadOnlyList<QueryClause> Clauses, SearchFilter Filter);

/// <summary>
/// Reads a query line: words; <c>"a phrase"</c>; <c>begin*</c>; <c>+must</c>, <c>-not</c>, <c>AND</c>, <c>OR</c>,
/// <c>NOT</c> in capitals, where OR binds closer than AND; <c>type:</c>, <c>tag:</c>, <c>after:</c>, <c>before:</c>.
/// A phrase must be there unless OR gives it an alternative. There are no parentheses. Whatever is none of it is a
/// word, so no line is refused but for a value of a field that cannot be.
/// </summary>
internal sealed class QueryLine
{
    private readonly List<(QueryAtom Atom, Demand Demand)> _pending = [];
    private readonly List<QueryClause> _clauses = [];
    private readonly StringBuilder _text = new();
    private readonly List<string> _types = [];
    private readonly List<string> _tags = [];
    private readonly List<string> _problems;
    private DateTimeOffset? _from;
    private DateTimeOffset? _to;
    private bool _isAlternative;
    private Demand _next;

    private QueryLine(List<string> problems) => _problems = problems;

    /// <summary>Takes a line apart, and says what is wrong with its fields.</summary>
    public static ParsedQuery Parse(string line, List<string> problems)
    {
        var reader = new QueryLine(problems);
        var position = 0;
        while (NextToken(line, ref position, out var token, out var isQuoted))
        {
            reader.Take(token, isQuoted);
        }

        reader.CloseClause();
        if (reader._clauses.Count > Limits.ClausesPerQuery)
        {
            // A pasted text: its words are the query, and none of them is a demand.
            reader._clauses.RemoveRange(Limits.ClausesPerQuery, reader._clauses.Count - Limits.ClausesPerQuery);
        }

        return new ParsedQuery(
            reader._text.ToString().Trim(), reader._clauses,
            new SearchFilter([.. reader._types], [.. reader._tags], null, reader._from, reader._to));
    }

    private static bool NextToken(string line, ref int position, out string token, out bool isQuoted)
    {
        while (position < line.Length && char.IsWhiteSpace(line[position]))
        {
            position++;
        }

        var start = position;
        isQuoted = false;
        while (position < line.Length && !char.IsWhiteSpace(line[position]))
        {
            // Quotes may follow a sign or a field: -"a phrase", tag:"two words".
            if (line[position] == '"' && (position == start || line[position - 1] is ':' or '+' or '-')
                && line.IndexOf('"', position + 1) is var end and > 0)
            {
                isQuoted = true;
                position = end + 1;
                break;
            }

            position++;
        }

        token = line[start..position];
        return token.Length > 0;
    }

    private void Take(string token, bool isQuoted)
    {
        switch (token)
        {
            case "OR":
                _isAlternative = _pending.Count > 0;
                return;
            case "AND":
                Require();
                return;
            case "NOT":
                CloseClause();
                _next = Demand.Excluded;
                return;
        }

        var demand = _next;
        if (token.Length > 1 && token[0] is '+' or '-' && token[1] is not ('-' or '+'))
        {
            demand = token[0] == '-' ? Demand.Excluded : Demand.Required;
            token = token[1..];
        }

        if (TakeField(token))
        {
            return;
        }

        var text = isQuoted ? token.Trim('"') : token;
        if (isQuoted && string.IsNullOrWhiteSpace(text))
        {
            return;
        }

        var isBeginning = !isQuoted && text.Length > 1 && text[^1] == '*';
        Add(new QueryAtom(isBeginning ? text[..^1] : text, isQuoted, isBeginning), demand);
    }

    private void Add(QueryAtom atom, Demand demand)
    {
        if (!_isAlternative)
        {
            CloseClause();
        }

        _isAlternative = false;
        _next = Demand.Optional;
        _pending.Add((atom, demand == Demand.Optional && atom.IsPhrase ? Demand.Required : demand));
        if (demand != Demand.Excluded)
        {
            _text.Append(atom.Text).Append(' ');
        }
    }

    /// <summary>What stands on both sides of AND must be there.</summary>
    private void Require()
    {
        if (_pending.Count > 0 && _pending[0].Demand != Demand.Excluded)
        {
            _pending[0] = (_pending[0].Atom, Demand.Required);
        }

        CloseClause();
        _next = Demand.Required;
    }

    private void CloseClause()
    {
        if (_pending.Count > 0)
        {
            _clauses.Add(new QueryClause([.. _pending.Select(pending => pending.Atom)], _pending[0].Demand));
            _pending.Clear();
        }

        _isAlternative = false;
    }

    /// <returns>False when the token is no field: http://, 12:30 and the like are words.</returns>
    private bool TakeField(string token)
    {
        var colon = token.IndexOf(':', StringComparison.Ordinal);
        if (colon <= 0 || colon == token.Length - 1)
        {
            return false;
        }

        var value = token[(colon + 1)..].Trim('"');
        switch (token[..colon])
        {
            case "type" when ContentTypes.All.Contains(value):
                _types.Add(value);
                break;
            case "type":
                _problems.Add($"type '{value}' is unknown; known are {string.Join(", ", ContentTypes.All)}.");
                break;
            case "tag" when value.Length is > 0 and <= Limits.TagMaxLength:
                _tags.Add(value);
                break;
            case "tag":
                _problems.Add($"A tag has between 1 and {Limits.TagMaxLength} characters.");
                break;
            case "after":
                _from = Instant("after", value);
                break;
            case "before":
                _to = Instant("before", value);
                break;
            default:
                return false;
        }

        _next = Demand.Optional;
        return true;
    }

    private DateTimeOffset? Instant(string name, string value)
    {
        if (DateTimeOffset.TryParse(value, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal,
            out var instant)
            && instant.Year is > 1900 and < 9000)
        {
            return instant.ToUniversalTime();
        }

        _problems.Add($"{name} must be a day such as 2026-01-31, or a time such as 2026-01-31T12:00:00Z.");
        return null;
    }
}
