namespace Workflows.Api.Operator;

/// <summary>The words of a command: those that stand by themselves, and options as <c>--name value</c>, each at most
/// once.</summary>
internal sealed class CommandOptions
{
    private readonly Dictionary<string, string> _options = new(StringComparer.Ordinal);
    private readonly List<string> _words = [];

    /// <exception cref="OperatorCommandException">An option is unknown, comes twice, or has no value.</exception>
    public CommandOptions(IReadOnlyList<string> arguments, params ReadOnlySpan<string> known)
    {
        for (var index = 0; index < arguments.Count; index++)
        {
            if (!arguments[index].StartsWith("--", StringComparison.Ordinal))
            {
                _words.Add(arguments[index]);
                continue;
            }

            var name = arguments[index][2..];
            if (!known.Contains(name))
            {
                throw new OperatorCommandException($"There is no option '--{name}' here.", isUsage: true);
            }

            if (++index == arguments.Count || !_options.TryAdd(name, arguments[index]))
            {
                throw new OperatorCommandException($"'--{name}' needs one value.", isUsage: true);
            }
        }
    }

    public bool IsEmpty => _options.Count == 0;

    public string? this[string name] => _options.GetValueOrDefault(name);

    /// <summary>The only word beside the options.</summary>
    /// <exception cref="OperatorCommandException">There is none, or another one.</exception>
    public string Single(string what) =>
        _words is [var word] ? word
            : throw new OperatorCommandException($"Name {what}, and nothing else beside options.", isUsage: true);

    /// <exception cref="OperatorCommandException">There are words beside the options.</exception>
    public void NoWords()
    {
        if (_words.Count > 0)
        {
            throw new OperatorCommandException($"'{_words[0]}' is not expected here.", isUsage: true);
        }
    }

    /// <exception cref="OperatorCommandException">The option is missing.</exception>
    public string Required(string name) =>
        this[name] ?? throw new OperatorCommandException($"'--{name}' is missing.", isUsage: true);
}
