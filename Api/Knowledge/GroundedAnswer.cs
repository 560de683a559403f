using Microsoft.Extensions.AI;
using Workflows.Api.Http.Grounding;
using Workflows.Api.Http.Security;
using Workflows.Models;

namespace Workflows.Api.Knowledge;

/// <summary>An answer out of passages: the prompt, the model, and what its sentences rest on.</summary>
internal sealed class GroundedAnswer(IModelCaller models)
{
    /// <summary>Answers; where no model does, the passages are the answer, and it is said why.</summary>
    public async Task<AnswerView> AnswerAsync(
        Caller caller, AnswerRequest wanted, PassagesView found, CancellationToken cancellationToken)
    {
        if (found.Passages.Count == 0)
        {
            // Without passages a model could only tell what it makes up.
            return new AnswerView(wanted.Question, null, [], [], "No article says anything about this.");
        }

        var messages = GroundedPrompt.Build(wanted.Question, found.Passages);
        try
        {
            var answer = await models.CallAsync(
                new ModelRequest(
                    caller.TenantId,
                    wanted.Model ?? "",
                    new ModelCallOrigin("knowledge") { UserId = caller.UserId, WorkspaceId = wanted.WorkspaceId },
                    [new ChatMessage(ChatRole.System, messages.System), new ChatMessage(ChatRole.User, messages.User)])
                {
                    Options = new ChatOptions { Temperature = 0 },
                },
                cancellationToken);
            var sentences = CitationChecker.Check(answer.Text, found.Passages.Count);
            return new AnswerView(
                wanted.Question, CitationChecker.Text(sentences), sentences, found.Passages, found.Notice);
        }
        catch (ModelException exception)
        {
            var notice = exception.Code == ModelErrorCodes.Unknown && wanted.Model is null
                ? "No model is set up that could answer; these are the passages."
                : $"The model did not answer ({exception.Code}: {exception.Message}); these are the passages.";
            return new AnswerView(wanted.Question, null, [], found.Passages, notice);
        }
    }
}
