using Workflows.Models;

namespace Workflows.Api.Http;

/// <summary>Failures of language models as answers of the API, under the codes that steps have, too.</summary>
internal static class ModelProblems
{
    public static Problem Of(ModelException exception) =>
        new(CodeOf(exception.Code), exception.Message, retryAfter: exception.RetryAfter);

    private static ErrorCode CodeOf(string code) => code switch
    {
        ModelErrorCodes.Unknown => Errors.ModelUnknown,
        ModelErrorCodes.Disabled => Errors.ModelDisabled,
        ModelErrorCodes.Budget => Errors.ModelBudget,
        ModelErrorCodes.RateLimited => Errors.ModelRateLimited,
        ModelErrorCodes.Timeout => Errors.ModelTimeout,
        ModelErrorCodes.Unauthorized => Errors.ModelUnauthorized,
        ModelErrorCodes.Refused => Errors.ModelRefused,
        ModelErrorCodes.Target => Errors.ModelTargetRefused,
        ModelErrorCodes.Answer => Errors.ModelAnswer,
        ModelErrorCodes.Schema => Errors.ModelOutputInvalid,
        ModelErrorCodes.TooLarge => Errors.ModelTooLarge,
        _ => Errors.ModelUnavailable,
    };
}
