using System.Buffers;
using System.Text;
using System.Text.Json;

namespace Workflows.Jsonata.Tests.Templates;

public sealed class JsonTemplateTests
{
    private static readonly JsonataValue Scope = JsonataValue.FromJson("""
        { "input": { "name": "Ann", "age": 41, "big": 12345678901234567890, "tags": ["a", "b"] },
          "steps": { "charge": { "output": { "id": "ch_1" } } } }
        """u8.ToArray());

    [Theory]
    [InlineData("""{"a":1,"b":[true,null,"x"]}""", """{"a":1,"b":[true,null,"x"]}""")]
    [InlineData("\"{{ input.name }}\"", "\"Ann\"")]
    [InlineData("\"{{input.tags}}\"", """["a","b"]""")]
    [InlineData("\"{{ input.big }}\"", "12345678901234567890")]
    [InlineData("\"Hello {{ input.name }}, {{ input.age + 1 }}!\"", "\"Hello Ann, 42!\"")]
    [InlineData("\"[{{ input.nothing }}]\"", "\"[]\"")]
    [InlineData("""{"a":"{{ input.nothing }}","b":1}""", """{"b":1}""")]
    [InlineData("""["{{ input.nothing }}",1]""", "[null,1]")]
    [InlineData("""{"a":"{{ {\"a\": {\"b\": 1}} }}"}""", """{"a":{"a":{"b":1}}}""")]
    [InlineData("""{"a":"{{{\"a\":{\"b\":input.age}}}}"}""", """{"a":{"a":{"b":41}}}""")]
    [InlineData("\"{{ '}}' & input.name }}\"", "\"}}Ann\"")]
    [InlineData("\"{{ '{{' }}\"", "\"{{\"")]
    [InlineData("\"{{ 1 + 1 }}\"", "2")]
    [InlineData("\"tags: {{ input.tags }}\"", "\"tags: [\\\"a\\\",\\\"b\\\"]\"")]
    [InlineData("\"}} no {\"", "\"}} no {\"")]
    [InlineData("""{ "deep" : [ { "x" : "{{ steps.charge.output.id }}" } ] }""", """{"deep":[{"x":"ch_1"}]}""")]
    public void Renders_and_writes_the_same(string template, string expected)
    {
        var parsed = Parse(template);

        Assert.Equal(expected, parsed.Render(Scope).ToString());
        Assert.Equal(expected, Write(parsed, Scope));
    }

    [Fact]
    public void A_template_without_references_is_constant()
    {
        Assert.True(Parse("""{"a":"{{ 1 + 2 }}","b":[1]}""").IsConstant);
        Assert.False(Parse("""{"a":"{{ x }}"}""").IsConstant);
        Assert.False(Parse("""{"a":"{{ $now() }}"}""").IsConstant);
    }

    [Fact]
    public void References_name_the_string_they_stand_in()
    {
        var reference = Assert.Single(Parse("""{"a/b":[1,"{{ steps.charge.output.id }}"]}""").References);

        Assert.Equal(["steps", "charge", "output", "id"], reference.Path);
        Assert.Equal("/a~1b/1", reference.Pointer);
    }

    [Fact]
    public void All_errors_are_reported_with_pointer_and_position()
    {
        var element = JsonDocument.Parse("""{"a":"{{ 1 + }}","b":["x {{ (2 }}"],"c":"{{ 3"}""").RootElement;

        Assert.False(JsonTemplate.TryParse(element, out var template, out var errors));

        Assert.Null(template);
        Assert.Equal(["/a", "/b/0", "/c"], errors.Select(error => error.Pointer));
        Assert.Equal(["S0211", "S0202", "S0203"], errors.Select(error => error.Error.Code));
        Assert.Equal(7, errors[0].Error.Start);
    }

    [Fact]
    public void An_error_of_evaluation_names_its_string()
    {
        var template = Parse("""{"a":{"b":"{{ input.name + 1 }}"}}""");

        var error = Assert.Throws<JsonataException>(() => template.Render(Scope)).Error;

        Assert.Equal(("T2001", "/a/b"), (error.Code, error.Pointer));
    }

    [Fact]
    public void Output_beyond_the_limit_ends_with_its_code()
    {
        var template = Parse("""{"a":"{{ $pad('', 1000, 'x') }}"}""");
        var options = new JsonataOptions { Limits = new JsonataLimits(MaxOutputBytes: 1_000) };
        using var writer = new Utf8JsonWriter(new ArrayBufferWriter<byte>());

        Assert.Equal("U1005", Assert.Throws<JsonataException>(() => template.WriteTo(writer, Scope, options)).Error.Code);
    }

    [Theory]
    [InlineData(6, 8, null)]
    [InlineData(5, 8, "U1004")]
    [InlineData(6, 7, "U1005")]
    public void A_text_that_is_put_together_keeps_within_both_limits(int maxStringLength, int maxOutputBytes, string? code)
    {
        var template = Parse("\"{{ input.name }}{{ input.name }}\"");
        var options = new JsonataOptions
        {
            Limits = new JsonataLimits(MaxStringLength: maxStringLength, MaxOutputBytes: maxOutputBytes),
        };
        using var writer = new Utf8JsonWriter(new ArrayBufferWriter<byte>());

        var exception = Record.Exception(() => template.WriteTo(writer, Scope, options));

        Assert.Equal(code, (exception as JsonataException)?.Error.Code);
    }

    [Fact]
    public void A_long_text_costs_steps()
    {
        var template = Parse($"\"{new string('x', 8_000)}{{{{ input.name }}}}\"");

        Assert.Equal("U1002", Assert.Throws<JsonataException>(() => template.Render(Scope, Steps(1_000))).Error.Code);
        Assert.Equal(8_003, template.Render(Scope, Steps(1_100)).ToString().Length - 2);
    }

    [Fact]
    public void An_error_of_a_constant_is_left_to_the_evaluation()
    {
        var template = Parse("""{"a":"{{ 1 + 'x' }}"}""");

        Assert.False(template.IsConstant);
        Assert.Equal("/a", Assert.Throws<JsonataException>(() => template.Render(Scope)).Error.Pointer);
    }

    [Fact]
    public void A_constant_without_a_value_is_written_as_null() =>
        Assert.Equal("null", Write(Parse("\"{{ {}.a }}\""), Scope));

    [Fact]
    public void A_pointer_escapes_what_means_something_in_it() =>
        Assert.Equal("/a~0b~1c", Assert.Single(Parse("""{"a~b/c":"{{ steps.x }}"}""").References).Pointer);

    [Fact]
    public void A_costly_constant_is_left_to_the_evaluation_and_its_budget()
    {
        Assert.False(Parse("\"{{ $sum([1..190000]) }}\"").IsConstant);
        Assert.True(Parse("\"{{ $sum([1..19]) }}\"").IsConstant);
    }

    [Theory]
    [InlineData("""{{ $pad(\"\", 1000000, \"x\") & \"1\" }}""")]
    [InlineData("""{{ $sum([1..900]) }}""")]
    [InlineData("""{{ $contains($pad(\"\", 3000, \"a\"), /^(?=(a+)+$)b/) }}""")]
    public void Compiling_many_costly_constants_is_quick(string constant)
    {
        var json =
            JsonDocument.Parse("[" + string.Join(',', Enumerable.Repeat($"\"{constant}\"", 5_000)) + "]").RootElement;
        Assert.True(JsonTemplate.TryParse(JsonDocument.Parse($"\"{constant}\"").RootElement, out _, out _));
        var clock = System.Diagnostics.Stopwatch.StartNew();

        Assert.True(JsonTemplate.TryParse(json, out var template, out _));

        Assert.True(clock.Elapsed < TimeSpan.FromSeconds(20), clock.Elapsed.ToString());
        Assert.False(template.IsConstant);
    }

    [Fact]
    public void Templates_share_what_folding_may_cost()
    {
        var json = JsonDocument.Parse("\"{{ $sum([1..500]) }}\"").RootElement;
        var budget = new FoldingBudget(steps: 1_000);

        var constant = Enumerable.Range(0, 5)
            .Select(_ => JsonTemplate.TryParse(json, budget, out var template, out var _) && template.IsConstant);

        Assert.Equal([true, true, false, false, false], constant.ToArray());
    }

    private static JsonataOptions Steps(long most) => new() { Limits = new JsonataLimits(MaxSteps: most) };

    private static JsonTemplate Parse(string json)
    {
        Assert.True(JsonTemplate.TryParse(JsonDocument.Parse(json).RootElement, out var template, out var errors), string.Join("; ", errors));
        return template;
    }

    private static string Write(JsonTemplate template, JsonataValue scope)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer, new JsonWriterOptions { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            template.WriteTo(writer, scope);
        }

        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }
}
