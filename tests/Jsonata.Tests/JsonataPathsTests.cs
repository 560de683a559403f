using System.Globalization;
using System.Text.Json;

namespace Workflows.Jsonata.Tests;

public sealed class JsonataPathsTests
{
    [Fact]
    public void A_sample_tells_its_paths_shallow_ones_first()
    {
        var paths = JsonataPaths.Of(JsonElement.Parse("""{"order":{"id":7,"first name":"Ann","and":true},"items":[{"sku":"a"},{"price":1.5}],"tags":["x"]}"""));

        Assert.Equal(
            [
                "order Object False", "items Object True", "tags String True", "order.id Number False", "order.`first name` String False",
                "order.`and` Boolean False", "items.sku String False", "items.price Number False",
            ],
            paths.Select(path => $"{path.Path} {path.Kind} {path.IsArray}"));
    }

    [Fact]
    public void Every_path_reads_what_the_sample_has_there()
    {
        var sample = JsonElement.Parse("""{"a":{"b-c":[{"d":1},{"d":2}]},"in":{"":3,"a`b":4,"x":5}}""");

        Assert.All(
            JsonataPaths.Of(sample),
            path => Assert.False(JsonataExpression.Parse(path.Path).Evaluate(JsonataValue.FromElement(sample)).IsUndefined, path.Path));
    }

    [Fact]
    public void No_more_paths_are_listed_than_the_limit()
    {
        var wide = Enumerable.Range(0, JsonataPaths.Most + 1).ToDictionary(index => $"n{index.ToString(CultureInfo.InvariantCulture)}", index => index);

        Assert.Equal(JsonataPaths.Most, JsonataPaths.Of(JsonSerializer.SerializeToElement(wide)).Count);
    }
}
