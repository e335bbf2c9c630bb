"""Laws of rows: each is answered by itself."""

import numpy as np
from sklearn.base import is_classifier

from tests.laws.common import answers, assert_close, assert_same, every, predicts


@every()
def test_predictions_do_not_depend_on_batch_mates_or_order(instance):
    """Alone, in small batches, backwards or all together: the same to 1e-5."""
    X, y = instance.data()
    model, take = instance.as_fitted(), instance.kind.take
    together = answers(model, X)
    for size in (1, 7):
        parts = [answers(model, take(X, slice(i, i + size))) for i in range(0, len(y), size)]
        assert_close(np.concatenate(parts), together)
    assert_close(answers(model, take(X, slice(None, None, -1)))[::-1], together)
    assert_close(answers(model, instance.kind.join(X, X))[: len(y)], together)


@every(predicts)
def test_answers_agree_with_each_other(instance):
    """Shapes; predictions are the most probable classes, scores their means."""
    X, y = instance.data()
    model = instance.as_fitted()
    predicted = model.predict(X)
    assert predicted.shape == y.shape
    if not is_classifier(model):
        assert predicted.dtype.kind == "f"
        return
    proba = model.predict_proba(X)
    assert_close(proba.sum(1), 1)
    assert proba.min() >= 0
    assert_same(predicted, model.classes_[proba.argmax(1)])
    assert_close(model.predict_log_proba(X), np.log(proba), atol=1e-4)
    assert model.score(X, y) == (predicted == y).mean()
    assert_same(model.decision_function(X) > 0, predicted == model.classes_[1])
