using System.Globalization;
using System.Text;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;
using YamlScalar = YamlDotNet.Core.Events.Scalar;

namespace Workflows.Api.Http;

/// <summary>A body as it came in YAML, for the lines of what is wrong in it. Read again only then.</summary>
internal sealed class YamlSource(byte[] utf8)
{
    /// <summary>The same details, each with the line that its pointer leads to, or the line of what should hold
    /// it.</summary>
    public static IReadOnlyList<ErrorDetail> Locate(HttpContext context, IReadOnlyList<ErrorDetail> details) =>
        details.Count > 0 && context.Features.Get<YamlSource>() is { } source ? source.Locate(details) : details;

    private ErrorDetail[] Locate(IReadOnlyList<ErrorDetail> details)
    {
        var wanted = details.SelectMany(detail => Upwards(detail.Pointer)).ToHashSet(StringComparer.Ordinal);
        var lines = new Dictionary<string, int>(StringComparer.Ordinal);
        var parser = new YamlEvents(Encoding.UTF8.GetString(utf8));
        parser.Consume<StreamStart>();
        parser.Consume<DocumentStart>();
        Find(parser, "", parser.Current!.Start, wanted, lines);
        return [.. details.Select(detail => detail with
        {
            Line = Upwards(detail.Pointer).Where(lines.ContainsKey).Select(pointer => (int?)lines[pointer])
                .FirstOrDefault(),
        })];
    }

    // A pointer, and those of all that holds it.
    private static IEnumerable<string> Upwards(string pointer)
    {
        for (var rest = pointer; ; rest = rest[..rest.LastIndexOf('/')])
        {
            yield return rest;
            if (!rest.Contains('/', StringComparison.Ordinal))
            {
                yield break;
            }
        }
    }

    // Only what is on the way to something wanted gets a pointer.
    private static void Find(
        YamlEvents parser, string? pointer, Mark at, HashSet<string> wanted, Dictionary<string, int> lines)
    {
        if (pointer is not null && wanted.Contains(pointer))
        {
            lines[pointer] = (int)at.Line;
        }
        else
        {
            pointer = null;
        }

        if (parser.TryConsume<SequenceStart>(out _))
        {
            for (var index = 0; !parser.TryConsume<SequenceEnd>(out _); index++)
            {
                var below = pointer is null
                    ? null : string.Create(CultureInfo.InvariantCulture, $"{pointer}/{index}");
                Find(parser, below, parser.Current!.Start, wanted, lines);
            }
        }
        else if (parser.TryConsume<MappingStart>(out _))
        {
            while (!parser.TryConsume<MappingEnd>(out _))
            {
                var name = parser.Consume<YamlScalar>();
                Find(parser, pointer is null ? null : $"{pointer}/{name.Value}", name.Start, wanted, lines);
            }
        }
        else
        {
            parser.Consume<YamlScalar>();
        }
    }
}
