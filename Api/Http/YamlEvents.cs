using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Workflows.Api.Http;

/// <summary>The events of a text of YAML, without its comments. Whatever is wrong with it ends in a
/// <see cref="YamlException"/>.</summary>
internal sealed class YamlEvents : IParser
{
    private readonly Scanner _scanner;
    private readonly Parser _parser;

    public YamlEvents(string text)
    {
        _scanner = new Scanner(new StringReader(text), skipComments: true);
        _parser = new Parser(_scanner);
    }

    public ParsingEvent? Current => _parser.Current;

    // On some malformed texts the scanner ends in what its own code ran into, without a place.
    public bool MoveNext()
    {
        try
        {
            return _parser.MoveNext();
        }
        catch (Exception exception) when (exception
            is InvalidOperationException or ArgumentException or IndexOutOfRangeException or EndOfStreamException)
        {
            var at = _scanner.CurrentPosition;
            throw new YamlException(at, at, "While reading, found what belongs to nothing", exception);
        }
    }
}
