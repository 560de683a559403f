using System.Text;
using System.Text.Json;
using Workflows.Jsonata.Evaluation;
using Workflows.Jsonata.Values;

namespace Workflows.Jsonata.Templates;

/// <param name="Pointer">Where it stands.</param>
/// <param name="Expression">Compiled.</param>
/// <param name="Offset">Where it starts in its string.</param>
internal sealed record TemplateExpression(string Pointer, JsonataExpression Expression, int Offset)
{
    public JsonataValue Evaluate(in JsonataValue scope, EvaluationContext context)
    {
        try
        {
            return Expression.Evaluate(scope, context);
        }
        catch (JsonataException exception)
        {
            exception.Error = exception.Error with { Pointer = Pointer };
            throw;
        }
    }
}

/// <summary>A part of a compiled template.</summary>
internal abstract class TemplateNode
{
    public abstract JsonataValue Render(in JsonataValue scope, EvaluationContext context);

    public abstract void Write(OutputWriter output, in JsonataValue scope, EvaluationContext context);
}

/// <summary>A part without expressions, encoded once.</summary>
internal sealed class ConstantTemplate(JsonataValue value) : TemplateNode
{
    private readonly byte[] _utf8 = value.IsUndefined ? "null"u8.ToArray() : value.ToUtf8Json();

    public JsonataValue Value => value;

    public override JsonataValue Render(in JsonataValue scope, EvaluationContext context) => value;

    public override void Write(OutputWriter output, in JsonataValue scope, EvaluationContext context)
    {
        output.Check(_utf8.Length);
        output.Json.WriteRawValue(_utf8, skipInputValidation: true);
    }
}

/// <summary>A string that is one expression: its value, whatever that is.</summary>
internal sealed class ExpressionTemplate(TemplateExpression expression) : TemplateNode
{
    public override JsonataValue Render(in JsonataValue scope, EvaluationContext context) =>
        expression.Evaluate(scope, context);

    public override void Write(OutputWriter output, in JsonataValue scope, EvaluationContext context) =>
        expression.Evaluate(scope, context).Write(output);
}

/// <summary>A string with expressions in it; text and expressions take turns, text first.</summary>
internal sealed class TextTemplate(string[] texts, TemplateExpression[] expressions) : TemplateNode
{
    public override JsonataValue Render(in JsonataValue scope, EvaluationContext context) =>
        JsonataValue.FromString(Build(scope, context));

    public override void Write(OutputWriter output, in JsonataValue scope, EvaluationContext context)
    {
        output.Json.WriteStringValue(Build(scope, context));
        output.Check();
    }

    private string Build(in JsonataValue scope, EvaluationContext context)
    {
        var built = new StringBuilder(texts[0]);
        for (var i = 0; i < expressions.Length; i++)
        {
            built.Append(JsonText.Of(expressions[i].Evaluate(scope, context), context)).Append(texts[i + 1]);
            context.CheckString(built.Length);
        }

        context.StepForText(built.Length);
        return built.ToString();
    }
}

internal sealed class ArrayTemplate(TemplateNode[] items) : TemplateNode
{
    public override JsonataValue Render(in JsonataValue scope, EvaluationContext context)
    {
        var list = new ValueList(ListTraits.None, items.Length);
        foreach (var item in items)
        {
            var value = item.Render(scope, context);
            list.Add(value.IsUndefined ? JsonataValue.Null : value);
        }

        return JsonataValue.FromHeap(list);
    }

    public override void Write(OutputWriter output, in JsonataValue scope, EvaluationContext context)
    {
        output.Json.WriteStartArray();
        foreach (var item in items)
        {
            item.Write(output, scope, context);
        }

        output.Json.WriteEndArray();
    }
}

internal sealed record TemplateMember(string Name, JsonEncodedText EncodedName, TemplateNode Value);

internal sealed class ObjectTemplate(TemplateMember[] members) : TemplateNode
{
    public override JsonataValue Render(in JsonataValue scope, EvaluationContext context)
    {
        var built = new ObjectValue(members.Length);
        foreach (var member in members)
        {
            var value = member.Value.Render(scope, context);
            if (!value.IsUndefined)
            {
                built.Set(member.Name, value);
            }
        }

        return JsonataValue.FromHeap(built);
    }

    public override void Write(OutputWriter output, in JsonataValue scope, EvaluationContext context)
    {
        output.Json.WriteStartObject();
        foreach (var member in members)
        {
            if (member.Value is not ExpressionTemplate expression)
            {
                output.Json.WritePropertyName(member.EncodedName);
                member.Value.Write(output, scope, context);
                continue;
            }

            // Whether the member is there at all is known only now.
            var value = expression.Render(scope, context);
            if (!value.IsUndefined)
            {
                output.Json.WritePropertyName(member.EncodedName);
                value.Write(output);
            }
        }

        output.Json.WriteEndObject();
    }
}
