using System.Buffers;

namespace Workflows.Engine.Sql;

/// <summary>
/// Finds the places of values in the text of a statement, by PostgreSQL's lexical rules with
/// <c>standard_conforming_strings</c> on: nothing within text, quoted names, dollar quotes and comments is a place.
/// </summary>
internal sealed class SqlScanner(string text)
{
    private static readonly SearchValues<char> OperatorCharacters = SearchValues.Create("~!@#^&|`?+-*/%<>=");

    // Operators of PostgreSQL and its extensions that end in the sign of a name. Any other run of signs before a name
    // is an operator and the sign: `id=@id`.
    private static readonly HashSet<string> OperatorsWithSign =
        new(StringComparer.Ordinal) { "<@", "@@", "@@@", "^@", "@-@", "^<@", "?<@", "<<@", "~@", "%@", "!@" };

    private readonly List<SqlPlace> _places = [];
    private bool _isEnded;

    /// <summary>Something follows the semicolon that ends the first statement; known after <see
    /// cref="Scan"/>.</summary>
    public bool HasMore { get; private set; }

    /// <summary>All places, from the left.</summary>
    public List<SqlPlace> Scan()
    {
        for (var at = 0; at < text.Length;)
        {
            HasMore |= _isEnded && text[at] != ';' && !char.IsWhiteSpace(text[at]) && !IsComment(at);
            _isEnded |= text[at] == ';';
            at = Step(at);
        }

        return _places;
    }

    private char At(int index) => index < text.Length ? text[index] : '\0';

    private bool IsComment(int at) => (text[at], At(at + 1)) is ('-', '-') or ('/', '*');

    private int Step(int at) => text[at] switch
    {
        '\'' => EndOfText(at + 1, hasEscapes: false),
        '"' => EndOfQuotedName(at + 1),
        '-' when At(at + 1) == '-' => EndOfLine(at),
        '/' when At(at + 1) == '*' => EndOfComment(at + 2),
        '$' => Dollar(at),
        ':' => Colon(at),
        var sign when OperatorCharacters.Contains(sign) => Operator(at),
        var letter when IsNameCharacter(letter) => Word(at),
        _ => at + 1,
    };

    private static bool IsNameCharacter(char character) =>
        character == '_' || character >= '\u0080' || char.IsAsciiLetterOrDigit(character);

    private int EndOfName(int at)
    {
        while (at < text.Length && IsNameCharacter(text[at]))
        {
            at++;
        }

        return at;
    }

    // A name, a keyword, a number, or the letter before a text with backslashes.
    private int Word(int at)
    {
        var end = at;
        while (end < text.Length && (IsNameCharacter(text[end]) || text[end] == '$'))
        {
            end++;
        }

        return end == at + 1 && text[at] is ('e' or 'E') && At(end) == '\''
            ? EndOfText(end + 1, hasEscapes: true)
            : end;
    }

    private int EndOfText(int at, bool hasEscapes)
    {
        while (at < text.Length)
        {
            if (hasEscapes && text[at] == '\\')
            {
                at += 2;
            }
            else if (text[at] != '\'')
            {
                at++;
            }
            else if (At(at + 1) == '\'')
            {
                at += 2;
            }
            else if (hasEscapes && Continuation(at + 1) is var next and > 0)
            {
                at = next; // what goes on behind the end of the line has backslashes as well
            }
            else
            {
                return at + 1;
            }
        }

        return text.Length;
    }

    // Text goes on after space with an end of line in it and another quote; -1 when it does not.
    private int Continuation(int at)
    {
        for (var sawLine = false; at < text.Length;)
        {
            if (text[at] is '\n' or '\r')
            {
                (sawLine, at) = (true, at + 1);
            }
            else if (text[at] is ' ' or '\t' or '\f' or '\v')
            {
                at++;
            }
            else if (text[at] == '-' && At(at + 1) == '-')
            {
                at = EndOfLine(at);
            }
            else
            {
                return sawLine && text[at] == '\'' ? at + 1 : -1;
            }
        }

        return -1;
    }

    private int EndOfQuotedName(int at)
    {
        var end = text.IndexOf('"', at);
        return end < 0 ? text.Length : end + 1; // a doubled quote begins the next one at once
    }

    private int EndOfLine(int at)
    {
        var end = text.AsSpan(at).IndexOfAny('\n', '\r');
        return end < 0 ? text.Length : at + end;
    }

    private int EndOfComment(int at)
    {
        for (var depth = 1; at < text.Length; at++)
        {
            if (text[at] == '/' && At(at + 1) == '*')
            {
                (depth, at) = (depth + 1, at + 1);
            }
            else if (text[at] == '*' && At(at + 1) == '/')
            {
                at++;
                if (--depth == 0)
                {
                    return at + 1;
                }
            }
        }

        return text.Length;
    }

    // $1, or $tag$ text $tag$.
    private int Dollar(int at)
    {
        var end = at + 1;
        if (char.IsAsciiDigit(At(end)))
        {
            while (char.IsAsciiDigit(At(end)))
            {
                end++;
            }

            var number = int.TryParse(text.AsSpan(at + 1, end - at - 1), out var parsed) ? parsed : int.MaxValue;
            if (number > 0)
            {
                _places.Add(new SqlPlace(at, end - at, null, number, IsCertain: true)); // what $0 is, the server says
            }

            return end;
        }

        end = EndOfName(end);
        if (At(end) != '$')
        {
            return at + 1;
        }

        var tag = text.AsSpan(at, end + 1 - at);
        var close = text.AsSpan(end + 1).IndexOf(tag, StringComparison.Ordinal);
        return close < 0 ? text.Length : end + 1 + close + tag.Length;
    }

    private int Colon(int at)
    {
        if (At(at + 1) is ':' or '=')
        {
            return at + 2; // a cast, an assignment
        }

        return char.IsAsciiDigit(At(at + 1)) ? at + 1 : Named(at, isCertain: false);
    }

    // PostgreSQL takes the longest run of signs for the operator, unless a comment begins within it.
    private int Operator(int at)
    {
        var end = at;
        while (end < text.Length && OperatorCharacters.Contains(text[end])
            && !(text[end] == '-' && At(end + 1) == '-') && !(text[end] == '/' && At(end + 1) == '*'))
        {
            end++;
        }

        if (text[end - 1] != '@')
        {
            return end;
        }

        var isOperator = OperatorsWithSign.Contains(text[at..end]);
        return At(end) == '"' && !isOperator
            ? QuotedName(end - 1)
            : Named(end - 1, isCertain: !isOperator || (end == at + 2 && text[at] == '<' && IsNameAlone(end)));
    }

    // 'n<@n' is '<' and '@n' for its author, and for PostgreSQL, where n is a list or a range, "n lies within n": true
    // for all rows. A name that stands alone is therefore a place. What follows a name that is none: a call, a list, a
    // column of a table, a text.
    private bool IsNameAlone(int at)
    {
        var end = EndOfName(at);
        while (At(end) is ' ' or '\t' or '\n' or '\r')
        {
            end++;
        }

        return At(end) is not ('(' or '[' or '.' or '\'');
    }

    // @"id" is a name for who writes it so, and the absolute value of the column for PostgreSQL.
    private int QuotedName(int at)
    {
        var end = EndOfQuotedName(at + 2);
        while (At(end) == '"')
        {
            end = EndOfQuotedName(end + 1);
        }

        if (end > at + 3 && text[end - 1] == '"')
        {
            _places.Add(
                new SqlPlace(
                    at,
                    end - at,
                    text[(at + 2)..(end - 1)].Replace("\"\"", "\"", StringComparison.Ordinal),
                    0,
                    IsCertain: true));
        }

        return end;
    }

    private int Named(int at, bool isCertain)
    {
        var end = EndOfName(at + 1);
        if (end > at + 1)
        {
            _places.Add(new SqlPlace(at, end - at, text[(at + 1)..end], 0, isCertain));
        }

        return end;
    }
}
