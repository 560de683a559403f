using YamlDotNet.Serialization;

namespace Workflows.AppHost.Publishing;

/// <summary>
/// Documents whose shape no type describes: mappings of names to texts, numbers, truths, lists and mappings.
/// </summary>
internal static class Yaml
{
    // Compose reads YAML 1.1, where "no" and "1:30" are no texts.
    private static readonly ISerializer Serializer = new SerializerBuilder()
        .WithQuotingNecessaryStrings(quoteYaml1_1Strings: true)
        .WithIndentedSequences()
        .DisableAliases()
        .Build();

    /// <summary>A mapping in this order, without members whose value is null or an empty list or mapping.</summary>
    public static OrderedDictionary<string, object> Map(params IEnumerable<(string Name, object? Value)> members)
    {
        var map = new OrderedDictionary<string, object>();
        foreach (var (name, value) in members)
        {
            if (value is not (null or System.Collections.ICollection { Count: 0 }))
            {
                map.Add(name, value);
            }
        }

        return map;
    }

    public static string Write(OrderedDictionary<string, object> document) => Serializer.Serialize(document);
}
