using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text.Encodings.Web;
using System.Text.Json;
using Workflows.Jsonata.Values;

namespace Workflows.Jsonata.Templates;

/// <summary>Walks a JSON value, compiles the expressions in its strings and joins all that is constant.</summary>
internal sealed class TemplateParser(FoldingBudget budget)
{
    private const string Open = "{{";
    private const string Close = "}}";

    public List<JsonTemplateError> Errors { get; } = [];

    public List<TemplateExpression> Expressions { get; } = [];

    public TemplateNode Parse(JsonElement template) => Parse(template.Clone(), "");

    private TemplateNode Parse(JsonElement template, string pointer)
    {
        RuntimeHelpers.EnsureSufficientExecutionStack();
        return template.ValueKind switch
        {
            JsonValueKind.Object => ParseObject(template, pointer),
            JsonValueKind.Array => ParseArray(template, pointer),
            JsonValueKind.String => ParseText(template, pointer),
            _ => new ConstantTemplate(JsonataValue.FromElement(template)),
        };
    }

    private TemplateNode ParseObject(JsonElement template, string pointer)
    {
        var members = new List<TemplateMember>();
        var before = Expressions.Count;
        foreach (var member in template.EnumerateObject())
        {
            var name = ElementText.GetName(member);
            var escaped = name.Replace("~", "~0", StringComparison.Ordinal).Replace("/", "~1", StringComparison.Ordinal);
            var encoded = JsonEncodedText.Encode(name, JavaScriptEncoder.UnsafeRelaxedJsonEscaping);
            members.Add(new TemplateMember(name, encoded, Parse(member.Value, $"{pointer}/{escaped}")));
        }

        return members.TrueForAll(member => member.Value is ConstantTemplate { Value.IsUndefined: false })
            ? new ConstantTemplate(Rebuilt(template, new ObjectTemplate([.. members]), Expressions.Count > before))
            : new ObjectTemplate([.. members]);
    }

    private TemplateNode ParseArray(JsonElement template, string pointer)
    {
        var items = new List<TemplateNode>(template.GetArrayLength());
        var before = Expressions.Count;
        foreach (var item in template.EnumerateArray())
        {
            items.Add(Parse(item, $"{pointer}/{items.Count.ToString(CultureInfo.InvariantCulture)}"));
        }

        return items.TrueForAll(item => item is ConstantTemplate)
            ? new ConstantTemplate(Rebuilt(template, new ArrayTemplate([.. items]), Expressions.Count > before))
            : new ArrayTemplate([.. items]);
    }

    // What held no expression at all stays the element it is, numbers and all.
    private JsonataValue Rebuilt(JsonElement template, TemplateNode node, bool holdsExpression) =>
        holdsExpression && Errors.Count == 0
            ? node.Render(default, new Evaluation.EvaluationContext(JsonataOptions.Default, default))
            : JsonataValue.FromElement(template);

    private TemplateNode ParseText(JsonElement template, string pointer)
    {
        var text = ElementText.Get(template);
        var open = text.IndexOf(Open, StringComparison.Ordinal);
        if (open < 0)
        {
            return new ConstantTemplate(JsonataValue.FromElement(template));
        }

        var texts = new List<string>();
        var expressions = new List<TemplateExpression>();
        var start = 0;
        while (open >= 0)
        {
            texts.Add(text[start..open]);
            try
            {
                var expression = JsonataExpression.ParseUntil(text, open + Open.Length, Close, out var end);
                expressions.Add(new TemplateExpression(pointer, expression, open));
                start = end + Close.Length;
            }
            catch (JsonataException exception)
            {
                Errors.Add(new JsonTemplateError(pointer, exception.Error with { Pointer = pointer }));
                return new ConstantTemplate(JsonataValue.FromElement(template));
            }

            open = text.IndexOf(Open, start, StringComparison.Ordinal);
        }

        texts.Add(text[start..]);
        Expressions.AddRange(expressions);
        TemplateNode node = texts is ["", ""]
            ? new ExpressionTemplate(expressions[0])
            : new TextTemplate([.. texts], [.. expressions]);
        return expressions.TrueForAll(part => part.Expression.IsConstant) ? Folded(node) : node;
    }

    /// <summary>
    /// A constant expression is evaluated now; if that is an error or costly, it stays for the evaluation.
    /// </summary>
    private TemplateNode Folded(TemplateNode node) =>
        budget.TryEvaluate(context => node.Render(default, context), out var value)
            ? new ConstantTemplate(value)
            : node;
}
