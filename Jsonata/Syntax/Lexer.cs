using System.Buffers;
using System.Globalization;
using System.Text;

namespace Workflows.Jsonata.Syntax;

/// <summary>Cuts the text of an expression into tokens, one at a time, because a slash is a division only after a value.</summary>
internal sealed class Lexer(string source, int position = 0)
{
    private static readonly SearchValues<char> NameEnds = SearchValues.Create(" \t\n\r\v.[]{}(),@#;:?+-*/%|=<>^&!~");
    private int _position = position;

    public Token Next(bool afterValue)
    {
        SkipBlanksAndComments();
        var start = _position;
        if (start >= source.Length)
        {
            return new Token(TokenKind.End, "(end)", source.Length, source.Length);
        }

        var current = source[start];
        if (current == '/' && !afterValue)
        {
            return ScanRegex();
        }

        if (DoubleOperator(current) is { } pair)
        {
            _position += 2;
            return new Token(TokenKind.Operator, pair, start, _position);
        }

        if (SingleOperator(current) is { } single)
        {
            _position++;
            return new Token(TokenKind.Operator, single, start, _position);
        }

        return current switch
        {
            '"' or '\'' => ScanString(current),
            '`' => ScanQuotedName(),
            >= '0' and <= '9' => ScanNumber(),
            _ => ScanName(),
        };
    }

    private char Peek(int offset) => _position + offset < source.Length ? source[_position + offset] : '\0';

    private string? DoubleOperator(char current) => (current, Peek(1)) switch
    {
        ('.', '.') => "..",
        (':', '=') => ":=",
        ('!', '=') => "!=",
        ('>', '=') => ">=",
        ('<', '=') => "<=",
        ('*', '*') => "**",
        ('~', '>') => "~>",
        ('?', ':') => "?:",
        ('?', '?') => "??",
        _ => null,
    };

    private static string? SingleOperator(char current) => current switch
    {
        '.' => ".",
        '[' => "[",
        ']' => "]",
        '{' => "{",
        '}' => "}",
        '(' => "(",
        ')' => ")",
        ',' => ",",
        '@' => "@",
        '#' => "#",
        ';' => ";",
        ':' => ":",
        '?' => "?",
        '+' => "+",
        '-' => "-",
        '*' => "*",
        '/' => "/",
        '%' => "%",
        '|' => "|",
        '=' => "=",
        '<' => "<",
        '>' => ">",
        '^' => "^",
        '&' => "&",
        '!' => "!",
        '~' => "~",
        _ => null,
    };

    private void SkipBlanksAndComments()
    {
        while (_position < source.Length)
        {
            if (source[_position] is ' ' or '\t' or '\n' or '\r' or '\v')
            {
                _position++;
            }
            else if (source[_position] == '/' && Peek(1) == '*')
            {
                var end = source.IndexOf("*/", _position + 2, StringComparison.Ordinal);
                if (end < 0)
                {
                    throw Errors.At(_position, "S0106");
                }

                _position = end + 2;
            }
            else
            {
                return;
            }
        }
    }

    private Token ScanString(char quote)
    {
        var start = _position++;
        var close = source.AsSpan(_position).IndexOfAny(quote, '\\');
        if (close >= 0 && source[_position + close] == quote)
        {
            var plain = source.Substring(_position, close);
            _position += close + 1;
            return new Token(TokenKind.String, plain, start, _position);
        }

        var text = new StringBuilder();
        while (_position < source.Length)
        {
            var current = source[_position];
            if (current == quote)
            {
                _position++;
                return new Token(TokenKind.String, text.ToString(), start, _position);
            }

            text.Append(current == '\\' ? ScanEscape() : current);
            _position++;
        }

        throw Errors.At(source.Length, "S0101");
    }

    private char ScanEscape()
    {
        _position++;
        switch (Peek(0))
        {
            case '"':
                return '"';
            case '\\':
                return '\\';
            case '/':
                return '/';
            case 'b':
                return '\b';
            case 'f':
                return '\f';
            case 'n':
                return '\n';
            case 'r':
                return '\r';
            case 't':
                return '\t';
            case 'u':
                var digits = source.AsSpan(_position + 1, Math.Min(4, source.Length - _position - 1));
                if (digits.Length == 4
                    && ushort.TryParse(digits, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var unit))
                {
                    _position += 4;
                    return (char)unit;
                }

                throw Errors.At(_position, "S0104");
            default:
                var token = _position < source.Length ? source[_position].ToString() : "";
                throw Errors.At(_position, "S0103", token);
        }
    }

    private Token ScanQuotedName()
    {
        var start = _position;
        var end = source.IndexOf('`', start + 1);
        if (end < 0)
        {
            throw Errors.At(source.Length, "S0105");
        }

        _position = end + 1;
        return new Token(TokenKind.Name, source.Substring(start + 1, end - start - 1), start, _position);
    }

    private Token ScanNumber()
    {
        var start = _position;
        if (source[_position++] != '0')
        {
            SkipDigits();
        }

        if (Peek(0) == '.' && char.IsAsciiDigit(Peek(1)))
        {
            _position++;
            SkipDigits();
        }

        if (Peek(0) is 'e' or 'E')
        {
            var sign = Peek(1) is '+' or '-' ? 1 : 0;
            if (char.IsAsciiDigit(Peek(1 + sign)))
            {
                _position += 1 + sign;
                SkipDigits();
            }
        }

        var text = source[start.._position];
        var number = double.Parse(text, NumberStyles.Float, CultureInfo.InvariantCulture);
        return double.IsFinite(number)
            ? new Token(TokenKind.Number, text, start, _position, number)
            : throw Errors.At(start, "S0102", text);
    }

    private void SkipDigits()
    {
        while (char.IsAsciiDigit(Peek(0)))
        {
            _position++;
        }
    }

    private Token ScanName()
    {
        var start = _position;
        var length = source.AsSpan(start).IndexOfAny(NameEnds);
        _position = length < 0 ? source.Length : start + length;
        if (source[start] == '$')
        {
            return new Token(TokenKind.Variable, source[(start + 1).._position], start, _position);
        }

        var name = source[start.._position];
        var kind = name switch
        {
            "and" or "or" or "in" => TokenKind.Operator,
            "true" or "false" or "null" => TokenKind.Constant,
            _ => TokenKind.Name,
        };
        return new Token(kind, name, start, _position);
    }

    private Token ScanRegex()
    {
        var start = _position++;
        var depth = 0;
        var inClass = false;
        for (; _position < source.Length; _position++)
        {
            switch (source[_position])
            {
                case '\\':
                    _position++;
                    break;
                case '/' when depth <= 0 && !inClass:
                    return FinishRegex(start);
                case '[':
                    inClass = true;
                    break;
                case ']':
                    inClass = false;
                    break;
                case '(' or '{' when !inClass:
                    depth++;
                    break;
                case ')' or '}' when !inClass:
                    depth--;
                    break;
            }
        }

        throw Errors.At(source.Length, "S0302");
    }

    private Token FinishRegex(int start)
    {
        var pattern = source.Substring(start + 1, _position - start - 1);
        if (pattern.Length == 0)
        {
            throw Errors.At(_position, "S0301");
        }

        var flags = ++_position;
        while (Peek(0) is 'i' or 'm')
        {
            _position++;
        }

        return new Token(TokenKind.Regex, pattern, start, _position, Flags: source[flags.._position]);
    }
}
