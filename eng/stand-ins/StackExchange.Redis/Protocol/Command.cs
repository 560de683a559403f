using System.Collections.Concurrent;
using System.Text;

namespace StackExchange.Redis;

/// <summary>A command name in its wire form. A name of two words ("XGROUP CREATE") is two arguments on the wire.</summary>
internal sealed class Command
{
    private static readonly ConcurrentDictionary<string, Command> Named = new(StringComparer.Ordinal);

    private Command(string name, string[] words)
    {
        Name = name;
        Words = words.Length;
        Encoded = Encoding.UTF8.GetBytes(string.Concat(words.Select(
            word => $"${Encoding.UTF8.GetByteCount(word)}\r\n{word}\r\n")));
    }

    public string Name { get; }

    public int Words { get; }

    public byte[] Encoded { get; }

    public static implicit operator Command(string words) => new(words, words.Split(' '));

    /// <summary>For a name given by the caller, sent as one argument whatever it contains.</summary>
    public static Command Get(string name)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        if (Named.TryGetValue(name, out var known))
        {
            return known;
        }

        var command = new Command(name, [name]);
        if (Named.Count < Limits.MaxCachedCommandNames)
        {
            Named.TryAdd(name, command);
        }

        return command;
    }

    public override string ToString() => Name;
}
