using System.Text.Json;
using Workflows.Engine.Definitions;

namespace Workflows.Api.Http;

/// <summary>Whether an input can start a workflow.</summary>
internal static class InputChecks
{
    /// <param name="workflow">What is started.</param>
    /// <param name="input">UTF-8 JSON.</param>
    /// <param name="pointer">Where it is in the body.</param>
    public static Problem? Check(CompiledWorkflow workflow, byte[] input, string pointer)
    {
        if (input.Length > Engine.Limits.InputBytes)
        {
            return Problem.Invalid(pointer, $"An input has at most {Engine.Limits.InputBytes} bytes.", "TOO_LARGE");
        }

        if (Engine.JsonText.FindDuplicate(input) is { } twice)
        {
            var message = $"The input has the member '{twice}' twice in one object.";
            return new Problem(Errors.InvalidJson, message, [new ErrorDetail(pointer, "DUPLICATE", message)]);
        }

        if (workflow.Definition.Parameters is null)
        {
            return null;
        }

        using var document = JsonDocument.Parse(input, new JsonDocumentOptions { MaxDepth = Limits.JsonDepth });
        var problems = workflow.ValidateInput(document.RootElement);
        return problems.Count == 0
            ? null
            : new Problem(
                Errors.InputInvalid,
                problems[0].Message,
                [.. problems.Select(found => new ErrorDetail(pointer + found.Pointer, found.Keyword, found.Message))]);
    }
}
